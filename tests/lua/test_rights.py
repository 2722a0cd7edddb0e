"""Which commands are refused; who may do all is told of none, and nothing stays behind."""

import re

from nsredis.registry.scripts import load_scripts
from tests.support.scripted_store import ScriptedStore


async def test_who_may_do_all_is_refused_nothing(store: ScriptedStore) -> None:
    mine = store.keys.row("*")  # those of other tests come to their ends meanwhile
    before = set(await store.redis.keys(mine))
    probe = store.keys.row("probe:x")
    assert await store.call("rights", probe=probe) == []
    assert set(await store.redis.keys(mine)) == before


def test_every_command_of_a_script_is_tried() -> None:
    scripts = load_scripts()
    used = {command for script in scripts.values() for command in re.findall(r"redis\.call\('([A-Z]+)'", script.text)}
    assert used - set(re.findall(r"\{ '([A-Z]+)'", scripts["rights"].text)) == set()
