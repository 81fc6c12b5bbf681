"""The published schemas: what is printed fits them, and what is tampered with does not."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engrave import api
from engrave.api.measuring import fit_pin
from engrave.cli.output import finding_line
from engrave.job import job_from_json
from engrave.job.written import with_layout

Call = Callable[..., Any]
Validators = dict[str, Draft202012Validator]
PROJECT = Path(__file__).parent.parent.parent
EDM_JOB = PROJECT / "examples" / "job-edm.toml"
NAMES = (
    "mark", "job", "check", "checks", "manifest", "run", "decoding", "plan", "outcome", "names", "entry", "rules",
    "doctor", "error", "registry-status", "registry-audit", "registry-import", "registry-change", "registry-pin",
    "registry-export", "tracing", "case", "strike", "reading", "fit", "pin-fit", "face-import",
    "coupon", "calibration", "rod-coupon", "rod-calibration", "gauge", "tray-map", "tray-check",
)  # fmt: skip

# In a pin's folder, or of scans: other tests hold those against their schemas.
OF_PINS = ("setup-sheet", "views", "inspection", "inspections", "inspection-of-primer")
# On standard error: test_log holds it against its schema.
OF_RUNS = ("log",)
# What stands beside a manifest, and what is said of folders and keys: tests/api/test_verifying.py, test_provenance.py.
OF_FOLDERS = ("signature", "verify", "key")
# Of those whose form has changed; the older ones are still read.
VERSIONS = {"manifest": 2}
OLDER = ("pin-engrave/manifest/1",)


def identity_of(name: str) -> str:
    """The schema's own name."""
    return f"pin-engrave/{name}/{VERSIONS.get(name, 1)}"


def test_there_is_a_schema_for_every_document(validators: Validators) -> None:
    assert set(validators) == {*map(identity_of, (*NAMES, *OF_PINS, *OF_RUNS, *OF_FOLDERS)), *OLDER}
    for identity, validator in validators.items():
        schema: Any = validator.schema
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["properties"]["schema"]["const"] == identity


def _objects(schema: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - any JSON
    if isinstance(schema, dict):
        if schema.get("type") == "object" or "properties" in schema:
            yield path, schema
        for key, value in schema.items():
            yield from _objects(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _objects(value, f"{path}[{index}]")


@pytest.mark.parametrize("name", [*NAMES, *OF_PINS, *OF_RUNS, *OF_FOLDERS])
def test_every_object_is_closed_and_every_field_described(validators: Validators, name: str) -> None:
    schema = validators[identity_of(name)].schema
    for path, entry in _objects(schema):
        conditional = any(part in path for part in (".if", ".then", ".else"))
        judged_elsewhere = name == "entry" and path == "$.properties.value"
        assert "additionalProperties" in entry or conditional or judged_elsewhere, path
        for key, value in entry.get("properties", {}).items():
            described = value.get("description") or "$ref" in value or conditional
            assert described, f"{path}.{key}"
            unit = {"_um": "um", "_rad": "rad", "_hz": "Hz", "_um_s": "um/s", "_pa": "Pa"}.get(
                next((suffix for suffix in ("_um_s", "_um", "_rad", "_hz", "_pa") if key.endswith(suffix)), "")
            )
            assert unit is None or unit in value.get("description", ""), f"{path}.{key} does not say its unit"


_ANSWER = {"number": "CA-1", "citation": "PC 27531", "asks": "Asked.", "evidence": "Shown.", "words": "Told."}


@pytest.mark.parametrize(
    ("status", "value", "threshold", "fits"),
    [
        ("not evaluated", 8.0, None, True),
        ("not evaluated", None, 8.0, True),
        ("not evaluated", None, None, True),
        ("met", 8.0, 8.0, True),
        ("not met", 7.0, 8.0, True),
        ("not evaluated", 8.0, 8.0, False),
        ("met", None, 8.0, False),
        ("not met", 8.0, None, False),
        ("pass", 8.0, 8.0, False),
    ],
)
def test_a_clause_is_met_or_not_only_where_figure_and_threshold_stand(
    validators: Validators, status: str, value: float | None, threshold: float | None, *, fits: bool
) -> None:
    clause = {**_ANSWER, "figure": "cases", "status": status, "value": value, "threshold": threshold}
    pack = {"name": "CA", "description": "California", "stand": "Read.", "clauses": [clause]}
    document = {"schema": "pin-engrave/rules/1", "job": "one", "verdict": "pass", "findings": [], "packs": [pack]}
    assert validators["pin-engrave/rules/1"].is_valid(document) == fits


@pytest.mark.parametrize("kind", api.kinds())
def test_list_and_show_of_every_kind_and_name(call: Call, validators: Validators, kind: str) -> None:
    listed = call("list", kind, "--json")
    assert listed.code == 0
    validators["pin-engrave/names/1"].validate(listed.document)
    names = listed.document["kinds"][kind]
    assert names
    assert call("list", kind).out.split("\n") == [*names, ""]
    for name in names:
        shown = call("show", kind, name, "--json")
        assert shown.code == 0
        validators["pin-engrave/entry/1"].validate(shown.document)
        told = call("show", kind, name)
        assert told.out.startswith(f"{kind}: {name}\n")
        assert all(source["text"] in told.out for source in shown.document["sources"].values())


def test_job_init_gives_a_job_that_is_checked_and_accepted(call: Call, tmp_path: Path, validators: Validators) -> None:
    path = tmp_path / "job.toml"
    assert call("job", "init", path).code == 0
    assert path.read_text() == call("job", "init").out
    checked = call("job", "check", path, "--json")
    assert checked.code == 0
    validators["pin-engrave/rules/1"].validate(checked.document)
    serials = PROJECT / "examples" / "serials.csv"
    planned = call("batch", serials, "--job", path, "--out", tmp_path / "out", "--dry-run", "--json")
    assert planned.code == 0
    validators["pin-engrave/plan/1"].validate(planned.document)
    assert (
        len({pin["characters"] for pin in planned.document["pins"]}) == len(serials.read_text().splitlines()) - 1 == 24
    )
    assert not (tmp_path / "out").exists()
    again = call("job", "init", path, "--json")
    assert again.code == 2


def test_jobs_of_every_form_fit_their_schema(
    fitting: Path, font: Path, scan: Path, tmp_path: Path, validators: Validators
) -> None:
    """Sizes found and given, every profile, a face, a pin and a pack of the user's own."""
    library = _job_with_packs(tmp_path).parent / "library"
    for folder in ("faces", "pins"):
        (library / folder).mkdir()
    api.import_face(font, library / "faces" / "staves.toml", mode="outline")
    fit_pin(scan, unit="mm", model="measured", out=library / "pins" / "ball.toml")
    example = (tmp_path / "packs.toml").read_text()
    texts = {
        "own.toml": example.replace('face = "anvil"', 'face = "staves"').replace('"sphere-1.0"', '"ball"'),
        "shapes.toml": with_layout(example, api.fit(fitting).found[-1].settings),
        "found.toml": fitting.read_text(),
    }
    jobs = []
    examples = Path(__file__).parents[2] / "examples"
    by_sparks = {name: (examples / name).read_text("utf-8") for name in ("job-edm.toml", "job-sinker.toml")}
    for name, text in (texts | by_sparks).items():
        (tmp_path / name).write_text(text)
        jobs.append(api.job_to_json(api.load_job(tmp_path / name)))
        validators["pin-engrave/job/1"].validate(jobs[-1])
        assert api.json_bytes(api.job_to_json(job_from_json(jobs[-1], origin=name))) == api.json_bytes(jobs[-1])
    own, shapes, found, *eroding = jobs
    assert [next(iter(set(job["process"]["value"]) & {"rods", "stages"})) for job in eroding] == ["rods", "stages"]
    assert ([pack["name"] for pack in own["rules"]], own["pin"]["value"]["shape"]) == (["CA"], "measured")
    assert own["face_text"]
    assert (shapes["layout"]["tooth_um"], shapes["layout"]["profile"]) == (None, "G")
    assert (shapes["fit"], found["fit"]["profiles"]) == (None, ["A", "G"])


def test_a_failed_rule_is_shown_with_its_figures_and_remedy(call: Call, tmp_path: Path, validators: Validators) -> None:
    text = api.example_job_text().replace("sphere-1.0", "sphere-0.8")
    (tmp_path / "job.toml").write_text(text)
    checked = call("job", "check", tmp_path / "job.toml", "--json")
    assert checked.code == 3
    validators["pin-engrave/rules/1"].validate(checked.document)
    told = call("job", "check", tmp_path / "job.toml")
    (error,) = [finding for finding in checked.document["findings"] if finding["severity"] == "error"]
    assert error["number"] == "L108"
    assert f"  {finding_line(error, remedy=True)}\n" in told.out
    assert error["remedy"] in told.out


def _job_with_packs(folder: Path) -> Path:
    """The example with a pack whose first clause has a threshold."""
    (folder / "library" / "rules").mkdir(parents=True)
    pack = (PROJECT / "engrave" / "layout" / "packs" / "CA.toml").read_text()
    asked = 'figure = "alphanumeric_characters"\n'
    assert asked in pack
    pack = pack.replace(asked, f"{asked}threshold = 8.0\n", 1)
    (folder / "library" / "rules" / "CA.toml").write_text(f'{pack}\n[sources]\n"clauses.threshold" = "a test\'s"\n')
    path = folder / "packs.toml"
    path.write_text('library = "library"\n' + api.example_job_text().replace("rules = []", 'rules = ["CA"]'))
    return path


@pytest.fixture
def printed_of_shelves(call: Call, fitting: Path, font: Path, scan: Path, tmp_path: Path) -> dict[str, dict[str, Any]]:
    """One real document of each kind that tells of a pin, a face, a layout or rules."""
    calls: dict[str, tuple[str | Path, ...]] = {
        "rules": ("job", "check", _job_with_packs(tmp_path)),
        "fit": ("job", "fit", fitting),
        "face-import": ("face", "import", font, "--out", tmp_path / "imported.toml"),
        "pin-fit": ("pin", "fit", scan, "--unit", "mm"),
        "entry": ("show", "pins", "flat-1.8"),
        "names": ("list",),
    }
    return {name: call(*arguments, "--json").document for name, arguments in calls.items()}


@pytest.fixture
def printed_of_the_shop(
    call: Call, coupon_form: Path, gauge_table: Path, tray: Path, tmp_path: Path
) -> dict[str, dict[str, Any]]:
    """One real document of each kind that tells of a coupon, a gauge or a tray."""
    calls: dict[str, tuple[str | Path, ...]] = {
        "coupon": ("calibrate", "laser", "coupon", "-o", tmp_path / "coupon"),
        "calibration": ("calibrate", "laser", "fit", coupon_form),
        "gauge": ("calibrate", "gauge", gauge_table),
        "tray-map": ("tray", "map", tray),
        "tray-check": ("tray", "check", tray),
    }
    return {name: call(*arguments, "--json").document for name, arguments in calls.items()}


@pytest.fixture
def printed_of_rods(call: Call, rod_form: Path, tmp_path: Path) -> dict[str, dict[str, Any]]:
    """One real document of each kind that tells of an eroding rod."""
    calls: dict[str, tuple[str | Path, ...]] = {
        "rod-coupon": ("calibrate", "edm", "coupon", "--job", EDM_JOB, "-o", tmp_path / "rod"),
        "rod-calibration": ("calibrate", "edm", "fit", rod_form),
    }
    return {name: call(*arguments, "--json").document for name, arguments in calls.items()}


@pytest.fixture
def printed_elsewhere(
    printed_of_shelves: dict[str, dict[str, Any]],
    printed_of_the_shop: dict[str, dict[str, Any]],
    printed_of_rods: dict[str, dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Those that tell of nothing that was made."""
    return printed_of_shelves | printed_of_the_shop | printed_of_rods


@pytest.fixture
def printed(
    call: Call, made: Path, job_file: Path, printed_elsewhere: dict[str, dict[str, Any]], tmp_path: Path
) -> dict[str, dict[str, Any]]:
    """One real document of each kind (``run`` by hand: it is gone when a run has ended)."""
    bad = tmp_path / "bad.csv"
    bad.write_text("serial,maker,model\nAAA0001,Acme,P9\nX,Acme,P9\n")
    whose = ("--maker", "Borealis", "--model", "Compact")
    calls = {
        "decoding": ("decode", "499BNM4L"),
        "plan": ("batch", bad, "--out", tmp_path / "out", "--dry-run", "--skip-bad"),
        "outcome": ("make", "375-76834", *whose, "--out", made, "--job", job_file),
        "doctor": ("doctor",),
        "error": ("list", "nothing"),
    }
    documents = {name: call(*arguments, "--json").document for name, arguments in calls.items()} | printed_elsewhere
    (pin_folder,) = (made / "pins").iterdir()
    for path in (made / "manifest.json", made / "job.json", pin_folder / "mark.json", pin_folder / "check.json"):
        documents[path.stem] = json.loads(path.read_bytes())
    documents |= _registry_documents(call, tmp_path)
    drawn = ("--conditions", "nominal", "--samples", "1", "--workers", "1")
    documents["strike"] = call("strike", pin_folder, *drawn, "--out", tmp_path / "struck", "--json").document
    documents["reading"] = call("read", tmp_path / "struck" / "nominal.x3p", "--json").document
    manifest = documents["manifest"]
    documents["run"] = {
        "schema": "pin-engrave/run/1",
        "folder": "0123456789abcdef" * 2,
        **{key: manifest[key] for key in ("tool", "input_sha256", "job_sha256")},
    }
    pins = [{"folder": pin_folder.name, "check": documents["check"]}]
    documents["checks"] = {"schema": "pin-engrave/checks/1", "verdict": "pass", "pins": pins}
    return documents


def _registry_documents(call: Call, folder: Path) -> dict[str, dict[str, Any]]:
    """One real document of each kind that tells of a registry."""
    whose = ("--maker", "Borealis", "--model", "Compact")
    at = ("--registry", folder / "registry.db")
    (folder / "marks.csv").write_text("serial,maker,model,state,lot\n375-76834,Borealis,Compact,marked,7\n")
    calls: tuple[tuple[str, tuple[str | Path, ...]], ...] = (
        ("registry-status", ("init", folder / "registry.db")),
        ("registry-import", ("import", PROJECT / "examples" / "registry.toml", *at)),
        ("registry-import", ("import", folder / "marks.csv", *at)),
        ("registry-change", ("void", "375-76834", *whose, "--reason", "lost", *at)),
        ("registry-audit", ("verify", *at, "--expect", f"9:{'0' * 64}")),
        ("registry-pin", ("show", "375-76834", *whose, *at)),
        ("registry-status", ("status", *at)),
    )
    documents = {name: call("registry", *arguments, "--json").document for name, arguments in calls}
    for reader, typed in (("A. Kovacs", "499B N??L"), ("B. Roth", "49[9G]B NM?L")):
        documents["tracing"] = call("trace", typed, *at, "--case", "26-114", "--reader", reader, "--json").document
    assert call("case", "26-114", *at, "-o", folder / "case.json").code == 0
    documents["case"] = json.loads((folder / "case.json").read_bytes())
    assert call("registry", "export", *at, "-o", folder / "export.json").code == 0
    documents["registry-export"] = json.loads((folder / "export.json").read_bytes())
    # Of two events the one that tells of something beside its rows, so that this is tampered with, too.
    for mark in documents["registry-pin"]["marks"]:
        mark["events"].sort(key=lambda event: not event["told"])
    return documents


def _tampered(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    """The value with one thing wrong: a key more, a key less, another type, somewhere in it."""
    if isinstance(value, dict):
        yield {**value, "stranger": 1}
        for key in value:
            yield {other: kept for other, kept in value.items() if other != key}
            for wrong in _tampered(value[key]):
                yield {**value, key: wrong}
    elif isinstance(value, list):
        yield {"0": value}
        if value:
            for wrong in _tampered(value[0]):
                yield [wrong, *value[1:]]
    else:
        yield [value]


# Objects whose keys are names: one more or less is no fault of the document.
_OPEN = {"sources", "kinds", "files", "conditions"}


def test_real_documents_fit_and_tampered_ones_do_not(
    printed: dict[str, dict[str, Any]], validators: Validators
) -> None:
    assert set(printed) == set(NAMES)
    for name, document in printed.items():
        validator = validators[identity_of(name)]
        validator.validate(document)
        closed = {key: value for key, value in document.items() if key not in _OPEN}
        opened = {key: value for key, value in document.items() if key in _OPEN}
        for wrong in _tampered(closed):
            if not _differs_in_names_alone(closed, wrong):
                assert not validator.is_valid({**wrong, **opened}), (name, wrong)
        for key in opened:
            assert not validator.is_valid({other: value for other, value in document.items() if other != key})
            assert not validator.is_valid({**document, key: 1})
        if name in {"check", "strike"}:
            for wrong in _tampered(document["conditions"]["nominal"]):
                assert not validator.is_valid({**document, "conditions": {"nominal": wrong}}), (name, wrong)


def _differs_in_names_alone(value: Any, wrong: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether the only difference lies in the keys of an object whose keys are names."""
    if isinstance(value, dict) and isinstance(wrong, dict) and value.keys() == wrong.keys():
        changed = [key for key in value if value[key] != wrong[key]]
        return bool(changed) and all(
            (key in _OPEN and isinstance(wrong[key], dict) and _keys_differ(value[key], wrong[key]))
            or _differs_in_names_alone(value[key], wrong[key])
            for key in changed
        )
    if isinstance(value, list) and isinstance(wrong, list) and len(value) == len(wrong):
        return any(_differs_in_names_alone(one, other) for one, other in zip(value, wrong, strict=True))
    return False


def _keys_differ(value: Any, wrong: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, dict) and value.keys() != wrong.keys()
