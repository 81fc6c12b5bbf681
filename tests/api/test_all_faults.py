"""One message names every fault, in the job and in the serials, and nothing is made."""

from pathlib import Path

import pytest

from engrave import api
from engrave.base.errors import InputError


def test_faults_of_the_job_and_of_the_serials_stand_in_one_message(tmp_path: Path) -> None:
    job = tmp_path / "job.toml"
    text = api.example_job_text()
    for wrong, right in (('relief = "25um"', "relief = 25"), ('pin = "sphere-1.0"', 'pin = "sphere-0.8"')):
        assert wrong in text
        text = text.replace(wrong, right)
    job.write_text(f"pixle = 3\n{text}")
    serials = tmp_path / "serials.csv"
    serials.write_bytes(
        b"serial,maker,model\nZZZ,Acme,P9\n../x,Acme,P9\n=cmd,Acme,P9\nAAA0001,Acme,P9\nAAA0001,Acme,P9\n\xe9,Acme,P9\n"
    )
    with pytest.raises(InputError) as raised:
        api.batch(serials, tmp_path / "out", job)
    told = "\n".join(raised.value.faults)
    for part in (
        "relief: 25 has no unit; write '25um'",
        "pixle: unknown key",
        "L108 ring track 2",
        "line 7, column 1: byte ",
        "line 2, column 1: serial 'ZZZ'",
        "line 3, column 1: serial '../x'",
        "line 4, column 1: serial '=cmd'",
        "line 6, column 1: serial 'AAA0001' stands in line 5 already",
    ):
        assert part in told
    assert not (tmp_path / "out").exists()
