"""Tables of measurements: units, decimal marks, and every fault with its place."""

import pytest

from engrave.base.errors import InputError
from engrave.base.tables import Column, read_table

COLUMNS = (
    Column(field="cell"),
    Column(field="energy_j", required=True, filled=True),
    Column(field="pulses", whole=True),
    Column(field="diameter_um", required=True),
    Column(field="value", number=True),
)


def numbers(text: str) -> list[dict[str, float]]:
    return [row.numbers for row in read_table(text, COLUMNS, origin="m.csv").rows]


@pytest.mark.parametrize(
    "text",
    [
        "energy_uJ,diameter_um\n0.35,12.5\n",
        "energy_nj;diameter_um\n350;12,5\n",
        "Energy [µJ]\tDiameter (nm)\n0,35\t12500\n",
        "energy/uJ, diameter/um\n.35, 12.5\n",
        'energy_uJ,diameter_um\n"0,35","12,5"\n',
        "energy;diameter\n0,35 uJ;12,5um\n",
        "\ufeffenergy_uJ,diameter_um\r\n0.35,12.5\r\n\r\n".removeprefix("\ufeff"),
        "note,energy_uJ,diameter_um\ngood one,0.35,12.5\n",
        "part_no;energy_uJ;diameter_mm\nX;0.35;0.0125\n",
    ],
)
def test_units_and_marks_of_every_lab_are_read(text: str) -> None:
    (row,) = numbers(text)
    assert row == pytest.approx({"energy_j": 0.35e-6, "diameter_um": 12.5})


@pytest.mark.parametrize(
    "head", ["start_depth_um,end_depth_nm", "Start depth [um],end depth (nm)", "start_depth/µm,END_DEPTH nm"]
)
def test_a_name_may_have_several_words(head: str) -> None:
    columns = (Column(field="start_depth_um", required=True), Column(field="end_depth_um", required=True))
    (row,) = read_table(f"{head}\n3.5,1200\n", columns, origin="m.csv").rows
    assert row.numbers == pytest.approx({"start_depth_um": 3.5, "end_depth_um": 1.2})
    (row,) = read_table("start_depth,end depth\n3.5um,1200nm\n", columns, origin="m.csv").rows
    assert row.numbers == pytest.approx({"start_depth_um": 3.5, "end_depth_um": 1.2})


def test_what_is_empty_is_not_there_and_zero_is() -> None:
    rows = numbers("cell,energy_uJ,pulses,diameter_um\nA1,1,10,0\nA2,1,,\n")
    assert [sorted(row) for row in rows] == [["diameter_um", "energy_j", "pulses"], ["energy_j"]]
    assert rows[0]["diameter_um"] == 0


def test_the_unit_of_a_plain_number_is_kept_as_a_word() -> None:
    table = read_table("energy_uJ,diameter_um,value_um\n1,2,-3.5\n", COLUMNS, origin="m.csv")
    assert table.units == {"value": "um"}
    assert table.rows[0].numbers["value"] == -3.5


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["m.csv: is empty"]),
        ("energy_uJ,diameter_um\n", ["m.csv: no rows"]),
        ("cell,pulses\nA1,3\n", ["m.csv: line 1: no column 'energy_j', 'diameter_um'"]),
        ("energy_uJ,diameter_s\n1,2\n", ["column 2: 's' is no unit of diameter"]),
        ("energy,diameter_um\n1,2\n", ["line 2, column 1 (energy): '1' has no unit"]),
        ("energy_uJ,energy_nJ,diameter_um\n1,1,2\n", ["column 2: 'energy' stands there twice"]),
        ("energy_uJ;diameter_um\n0,35;12.5\n", ["line 2 has '0,35' and line 2 has '12.5'"]),
        ("energy_uJ,diameter_um\n1,2\0\n", ["NUL"]),
        ('energy_uJ,diameter_um\n1,"2\n', ["line 2"]),
        (
            "energy_uJ,pulses,diameter_um\n,1.5,wide\n1,0,2\n1,2\n",
            ["is empty", "'1.5' is no whole", "'wide' is no length", "'0' is no whole", "2 cells"],
        ),
        ("energy_uJ,diameter_um,value\n1,2,nan\n1,2,1e400\n", ["'nan' is no number", "'1e400' is"]),
        ("energy_uJ,diameter_um\n1e999,2\n1,inf\n", ["'1e999uJ'", "'inf'"]),
        ("cell,energy_uJ,diameter_um\na\x07b,1,2\n", ["printable"]),
    ],
)
def test_every_fault_is_told_with_its_place(text: str, faults: list[str]) -> None:
    with pytest.raises(InputError) as error:
        read_table(text, COLUMNS, origin="m.csv")
    assert len(error.value.faults) == len(faults), error.value.faults
    for told, wanted in zip(error.value.faults, faults, strict=True):
        assert wanted in told


def test_a_table_is_bounded() -> None:
    with pytest.raises(InputError, match="more than 20000 lines"):
        read_table("energy_uJ,diameter_um\n" + "1,2\n" * 20_001, COLUMNS, origin="m.csv")
