"""House rules that are cheap to keep and dear to mend: names, sizes, a test file beside each module."""

import re
from pathlib import Path

from tests.rules.tracked import TRACKED
from tests.support.processes import CHECKOUT

BANNED = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager"}
MIRRORED = ("core", "registry", "wire")
MOST_LINES = 330
SOURCES = [path for path in TRACKED if path.suffix in (".py", ".lua")]

# Where people keep checkouts and environments, and where packages come from: each ties the project to one place.
ONE_PLACE = re.compile(
    r"(?<![\w.$}])/(?:work|root|home/\w+|tmp/\w+)/"
    r"|\b(?:files\.pythonhosted|pypi|test\.pypi)\.(?:org|python\.org)\b"
    r"|\bregistry\.npmjs\.org\b|--(?:extra-)?index-url\b|/simple/?[\"']"
)


def _name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {path: path.relative_to(CHECKOUT).with_suffix("").parts for path in SOURCES}
    found = [_name(path) for path, names in parts.items() if any(BANNED & set(name.split("_")) for name in names)]
    assert found == []


def test_every_file_is_read_in_one_sitting() -> None:
    lengths = {_name(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_every_module_of_the_lower_layers_has_its_tests() -> None:
    missing = []
    for layer in MIRRORED:
        for module in sorted((CHECKOUT / "nsredis" / layer).rglob("*.py")):
            inside = module.relative_to(CHECKOUT / "nsredis")
            mirror = CHECKOUT / "tests" / inside.parent / f"test_{inside.name}"
            if module.name != "__init__.py" and not mirror.is_file():
                missing.append(_name(mirror))
    assert missing == []


def test_every_script_has_its_tests() -> None:
    scripts = {path.stem for path in (CHECKOUT / "lua").glob("*.lua")}
    tested = {path.stem.removeprefix("test_") for path in (CHECKOUT / "tests" / "lua").glob("test_*.py")}
    assert scripts - tested == set()


def test_no_file_names_a_place_of_one_machine_or_an_index() -> None:
    found = [
        f"{_name(path)}:{number}: {line.strip()}"
        for path in TRACKED
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if ONE_PLACE.search(line)
    ]
    assert found == []


def test_the_rule_about_places_finds_them() -> None:
    for line in ("cd /root/x", "'/home/anna/src'", "https://pypi.org/simple/", "--index-url x", "in /tmp/out/log"):
        assert ONE_PLACE.search(line), line
    for line in ("/var/lib/nsredis", "$HOME/root/x", "unix:///tmp/s.sock", "/usr/sbin/policy-rc.d", "/home"):
        assert not ONE_PLACE.search(line), line
