"""Every script has its own test file, and keeps its header's promise of what it may refuse with."""

import re
from pathlib import Path

import pytest
from redis.exceptions import ResponseError

from nsredis.core.errors import StoreUnavailable
from nsredis.registry.runner import refusal
from nsredis.registry.scripts import load_scripts, scripts_folder
from tests.support.scripted_store import ScriptedStore

SCRIPTS = sorted(load_scripts())
FOLDER = Path(str(scripts_folder()))


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_has_its_own_tests(name: str) -> None:
    assert (Path(__file__).parent / f"test_{name}.py").is_file()


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_errors_are_those_in_the_header_and_all_are_understood(name: str) -> None:
    script = load_scripts()[name]
    raised = set(re.findall(r"error_reply\('([A-Z_]+)", script.text))
    assert raised == set(script.errors)
    for code in raised:
        assert not isinstance(refusal(ResponseError(f"{code} words")), StoreUnavailable)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.lua")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_lines_are_short(path: Path) -> None:
    assert [line for line in path.read_text().splitlines() if len(line) > 120] == []


async def test_every_script_loads(bare: ScriptedStore) -> None:
    await bare.runner.load()
    shas = [script.sha for script in load_scripts().values()]
    assert await bare.redis.script_exists(*shas) == [True] * len(shas)
