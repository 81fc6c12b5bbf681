"""Under ``--log-format json`` standard error is one JSON object a line, and no secret stands in it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engrave.cli.log import Log, log_for
from engrave.cli.main import run
from engrave.cli.output import tell, tell_findings
from engrave.cli.progress import progress_bar

Call = Callable[..., Any]
Start = Callable[..., Any]
JSON_LOG = ("--log-format", "json")
PASSWORD = "tr0ub4dor&3"  # noqa: S105 - of nothing


@pytest.fixture
def log_schema(validators: dict[str, Draft202012Validator]) -> Draft202012Validator:
    return validators["pin-engrave/log/1"]


def events(text: str, schema: Draft202012Validator) -> list[dict[str, Any]]:
    """Every line as an object that fits the schema."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        schema.validate(line)
    return lines


def test_a_batch_is_told_from_start_to_end(
    call: Call, made: Path, job_file: Path, tmp_path: Path, log_schema: Draft202012Validator
) -> None:
    rows = tmp_path / "serials.csv"
    rows.write_text("serial,maker,model\n375-76834,Borealis,Compact\nX,Borealis,Compact\n")
    ended = call(
        "make", "375-76834", "--maker", "Borealis", "--model", "Compact", "--out", made, "--job", job_file,
        "--verbose", *JSON_LOG,
    )  # fmt: skip
    told = events(ended.err, log_schema)
    assert (ended.code, ended.out) == (0, "")
    assert [told[0]["event"], told[0]["command"], told[-1]["event"], told[-1]["exit_code"]] == [
        "started",
        "make",
        "ended",
        0,
    ]
    (pin,) = [line for line in told if line["event"] == "pin"]
    assert (pin["characters"], pin["serial"], pin["verdict"], pin["level"]) == ("499BNM4L", "375-76834", "pass", "info")
    assert any("1 of 1 pins pass" in line["message"] for line in told if line["event"] == "message")
    skipped = call("batch", rows, "--out", tmp_path / "out", "--dry-run", "--skip-bad", *JSON_LOG)
    assert skipped.code == 3
    (row,) = [line for line in events(skipped.err, log_schema) if line["event"] == "skipped"]
    assert row["level"] == "warning"
    assert "line 3" in row["message"]


def test_standard_output_is_the_same(call: Call, log_schema: Draft202012Validator) -> None:
    for arguments in (("list", "pins"), ("decode", "499BNM??", "--json"), ("encode", "nobody's")):
        plain, logged = call(*arguments), call(*arguments, *JSON_LOG)
        assert (plain.code, plain.out) == (logged.code, logged.out)
        events(logged.err, log_schema)


def test_a_fault_is_told_once_each_with_its_kind(call: Call, tmp_path: Path, log_schema: Draft202012Validator) -> None:
    (tmp_path / "bad.csv").write_text("serial,maker,model\nX,Acme,P9\nY,Acme,P9\n")
    ended = call(*JSON_LOG, "batch", tmp_path / "bad.csv", "--out", tmp_path / "out", "--json")
    told = events(ended.err, log_schema)
    faults = [line for line in told if line["event"] == "fault"]
    assert [line["message"] for line in faults] == ended.document["faults"]
    assert {line["slug"] for line in faults} == {ended.document["slug"]}
    assert (told[-1]["exit_code"], told[-1]["level"]) == (2, "error")


def test_a_wrong_line_is_told_in_the_log_that_it_asks_for(call: Call, log_schema: Draft202012Validator) -> None:
    ended = call("list", "--nonsense", *JSON_LOG)
    assert [line["event"] for line in events(ended.err, log_schema)] == ["started", "fault", "usage", "ended"]


@pytest.mark.parametrize(
    ("line", "environment", "form", "left"),
    [
        (["list"], {}, "text", ["list"]),
        (["list", "--log-format", "json"], {}, "json", ["--log-format=json", "list"]),
        (["--log-format=json", "list"], {}, "json", ["--log-format=json", "list"]),
        (["list"], {"PIN_ENGRAVE_LOG_FORMAT": "json"}, "json", ["list"]),
        (
            ["list", "--log-format", "text"],
            {"PIN_ENGRAVE_LOG_FORMAT": "json"},
            "text",
            ["--log-format=text", "list"],
        ),
        (["encode", "--", "--log-format", "json"], {}, "text", ["encode", "--", "--log-format", "json"]),
        (["list", "--log-format"], {}, "text", ["--log-format"]),
        (["list", "--log-format", "xml"], {}, "text", ["--log-format=xml", "list"]),
    ],
)
def test_where_the_option_may_stand(line: list[str], environment: dict[str, str], form: str, left: list[str]) -> None:
    log, rest = log_for(line, environment)
    assert (log.form, rest) == (form, left)


@pytest.mark.parametrize("logged", [True, False])
@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://anna:{PASSWORD}@127.0.0.1:1/marks",
        f"postgresql://anna:{PASSWORD}@[broken/marks",
        f"mysql://anna:{PASSWORD}@127.0.0.1/marks",
        f"postgresql://anna@127.0.0.1:1/marks?password={PASSWORD}",
        f"postgresql://anna:with spaces and {PASSWORD}@127.0.0.1:1/marks",
        f"postgresql://anna:a@b:{PASSWORD}@127.0.0.1:1/marks",
    ],
)
def test_no_password_of_an_address_is_told(
    call: Call, address: str, log_schema: Draft202012Validator, *, logged: bool
) -> None:
    ended = call("registry", "status", "--registry", address, "--json", *(JSON_LOG if logged else ()))
    assert ended.code in {1, 2}
    assert PASSWORD not in ended.err + ended.out
    if logged:
        events(ended.err, log_schema)


def test_secrets_are_struck_out_of_anything_that_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    environment = {"PGPASSWORD": PASSWORD, "PIN_ENGRAVE_REGISTRY": "postgresql://b:other one@host/db"}
    log, _ = log_for([*JSON_LOG, "list"], environment)
    begin, end = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
    log.say(
        f"it was {PASSWORD}, or other one; {begin}\nMC4CAQAwBQYDK2Vw\n{end} sslpassword = hush", place=f"at {PASSWORD}"
    )
    log.put("library", message="postgresql://c:third@host/db", source="x")
    told = capfd.readouterr().err
    for secret in (PASSWORD, "other one", "MC4C", "hush", "third"):
        assert secret not in told
    assert "it was ***, or ***" in told
    assert "postgresql://c:***@host/db" in told


def test_progress_and_findings_as_events(capfd: pytest.CaptureFixture[str], log_schema: Draft202012Validator) -> None:
    import click  # noqa: PLC0415 - a command of the test's own

    finding = {
        "number": "S501", "severity": "error", "message": "too shallow", "place": "character 1", "value": 3.0,
        "limit": 12.0, "unit": "um", "remedy": "raise the relief",
    }  # fmt: skip

    @click.command()
    def work() -> None:
        for quiet in (False, True):
            with progress_bar("engraving", quiet=quiet) as progress:
                progress(1, 2, "499BNM4L", None)
            tell("told", quiet=quiet)
        tell_findings([finding, {**finding, "severity": "warning"}], verbose=True, quiet=False)

    work.main(args=[], obj=Log(form="json"), standalone_mode=False)
    captured = capfd.readouterr()
    told = events(captured.err, log_schema)
    assert [line["event"] for line in told] == ["progress", "message", "finding", "finding"]
    assert (told[0]["task"], told[0]["done"], told[0]["total"], told[0]["name"]) == ("engraving", 1, 2, "499BNM4L")
    assert [line["level"] for line in told[2:]] == ["error", "warning"]
    assert (told[2]["number"], told[2]["value"], told[2]["limit"]) == ("S501", 3.0, 12.0)


def test_what_libraries_warn_of_stands_in_the_log(start: Start, log_schema: Draft202012Validator) -> None:
    code = """
import logging, sys, warnings
import engrave.cli.data
real = engrave.cli.data.examined
def noisy():
    warnings.warn("old", DeprecationWarning)
    warnings.warn("odd")
    logging.getLogger("maker").error("broken %s", "x")
    logging.getLogger("maker").info("chatter")
    return real()
engrave.cli.data.examined = noisy
from engrave.cli import main
main()
"""
    told = events(start("doctor", *JSON_LOG, code=code).stderr.decode(), log_schema)
    found = [(line["source"], line["level"], line["message"]) for line in told if line["event"] == "library"]
    assert found == [
        *([("DeprecationWarning", "warning", "old")] if len(found) > 2 else []),
        ("UserWarning", "warning", "odd"),
        ("maker", "error", "broken x"),
    ]


def test_a_log_that_nobody_takes_stops_nothing(start: Start) -> None:
    code = """
import os
reader, writer = os.pipe()
os.close(reader)
os.dup2(writer, 2)
from engrave.cli import main
main()
"""
    ended = start("list", "primers", *JSON_LOG, code=code)
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (0, b"brass-cup")


@pytest.mark.skipif(sys.platform != "linux", reason="has no /dev/full")
@pytest.mark.parametrize("options", [(), JSON_LOG], ids=["text", "json"])
@pytest.mark.parametrize("streams", ["2>/dev/full", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_where_nothing_can_be_told_the_exit_code_is_the_same(
    start: Start, options: tuple[str, ...], streams: str
) -> None:
    """A shell starts it, as one starts a service."""
    for arguments, code in ((("encode", "X"), 2), (("list", "primers"), 0)):
        command = f'exec "$0" -P -c "from engrave.cli import main; main()" "$@" {streams}'
        words = ["/bin/sh", "-c", command, sys.executable, *arguments, *options]
        ended = start(code=f"import subprocess; raise SystemExit(subprocess.run({words!r}).returncode)")
        assert (ended.returncode, b"Traceback" in ended.stderr) == (code, False)


def test_no_file_gets_the_descriptor_of_a_stream_that_was_closed(start: Start, tmp_path: Path) -> None:
    code = f"""
import os, sys
os.close(2)
sys.stderr = None
import engrave.cli.data
def examined():
    with open({str(tmp_path / "pin.ngc")!r}, "x"):
        os.write(2, b"Fatal Python error")
    raise KeyboardInterrupt
engrave.cli.data.examined = examined
from engrave.cli import main
main()
"""
    assert start("doctor", code=code).returncode == 130
    assert (tmp_path / "pin.ngc").read_bytes() == b""


def test_an_interruption_is_an_event(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], log_schema: Draft202012Validator
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("engrave.cli.data.examined", interrupted)
    assert run(["doctor", *JSON_LOG]) == 130
    told = events(capfd.readouterr().err, log_schema)
    assert [(line["event"], line.get("slug")) for line in told[1:]] == [("fault", "interrupted"), ("ended", None)]
