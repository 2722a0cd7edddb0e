"""House rules that are cheap to keep and dear to mend: names, sizes, a test file beside each module."""

import re
from pathlib import Path

from tests.rules.tracked import TRACKED
from tests.support.processes import CHECKOUT

BANNED = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager"}
MIRRORED = ("core", "registry", "wire")
MOST_LINES = 330
SOURCES = [path for path in TRACKED if path.suffix in (".py", ".lua")]

# Where people keep checkouts and environments, and where packages come from: each ties the project to one place. The
# words are put together here, so that this file has none of them.
HOSTS = ("files.python" + "hosted.org", "pypi" + ".org", "pypi.python" + ".org", "registry.npm" + "js.org")
INDEX_OPTION = "index" + "-url"
INDEX_PATH = "/" + "simple"
ONE_PLACE = re.compile(
    r"(?<![\w.$}])/(?:work|root|home/\w+|tmp/\w+)/"
    rf"|\b(?:{'|'.join(map(re.escape, HOSTS))})\b"
    rf"|--(?:extra-)?{INDEX_OPTION}\b|{INDEX_PATH}/?[\"']"
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
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if ONE_PLACE.search(line)
    ]
    assert found == []


def test_the_rule_about_places_finds_them() -> None:
    for place in ("root/x", "home/anna/src", "tmp/out/log", "work/main/x"):
        assert ONE_PLACE.search(f"in /{place}"), place
    for host in HOSTS:
        assert ONE_PLACE.search(f"https://{host}/x"), host
    for option in (f"--{INDEX_OPTION} x", f"--extra-{INDEX_OPTION} x", f"'https://mirror{INDEX_PATH}/'"):
        assert ONE_PLACE.search(option), option
    socket, variable = (f"{before}/{folder}/x" for before, folder in (("unix://", "tmp"), ("$HOME", "root")))
    for line in ("/var/lib/nsredis", "/usr/sbin/policy-rc.d", "/home", socket, variable):
        assert not ONE_PLACE.search(line), line
