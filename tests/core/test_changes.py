import re

from nsredis.core.changes import Change, ChangeKind, Removal
from nsredis.registry.scripts import load_scripts

SCRIPTS = {name: script.text for name, script in load_scripts().items()}


def test_the_kinds_are_those_that_the_scripts_write() -> None:
    written = {kind for text in SCRIPTS.values() for kind in re.findall(r"kind = '([a-z-]+)'", text)}
    written |= set(re.findall(r"kind = deletes and '([a-z-]+)' or '([a-z-]+)'", SCRIPTS["put_kv"])[0])
    written |= set(re.findall(r"kind = lifts and '([a-z-]+)' or '([a-z-]+)'", SCRIPTS["set_override"])[0])
    written |= set(re.findall(r"change\('([a-z-]+)'", SCRIPTS["sweep"]))
    written |= set(re.findall(r"kind, why = '([a-z-]+)'", SCRIPTS["register"] + SCRIPTS["unregister"]))
    written |= {ChangeKind.TOPICS, ChangeKind.DELETE_TOPIC}  # named by the caller of write_tables
    assert written == set(ChangeKind)


def test_the_reasons_are_those_that_the_scripts_write() -> None:
    written = {reason for text in SCRIPTS.values() for reason in re.findall(r"reason = '([a-z-]+)'", text)}
    written |= {Removal.UNREGISTERED, Removal.CONNECTION_LOST}  # named by the caller of unregister
    assert written == set(Removal)


def test_kinds_and_reasons_are_plain_text() -> None:
    assert f"{ChangeKind.DELETE_TOPIC} {Removal.EXPIRED}" == "delete-topic expired"
    assert Change(1, "t", "open", 0, ()).kind == ChangeKind.OPEN
