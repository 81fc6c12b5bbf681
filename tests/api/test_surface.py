"""The public names: told once to people, once to type checkers and once to the importer, and all three the same."""

import ast
import subprocess
import sys
from pathlib import Path

from engrave import api

_HEAVY = {"numpy", "pydantic", "shapely", "sqlalchemy", "engrave.batch", "engrave.job"}


def test_every_public_name_is_there_and_no_other() -> None:
    tree = ast.parse(Path(api.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    checked = {name.name: node.module for node in imports for name in node.names}
    del checked["import_module"], checked["TYPE_CHECKING"]
    assert sorted(api.__all__) == sorted(checked)
    assert {name: api._HOMES[name] for name in api.__all__} == checked  # noqa: SLF001 - the importer's own table
    for name in api.__all__:
        assert getattr(api, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(api, "engrave_everything")


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import engrave.api, sys; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not _HEAVY & set(ended.stdout.split())
