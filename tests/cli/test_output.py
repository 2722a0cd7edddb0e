import os
import pty
import subprocess
import sys
from datetime import datetime

import click
import pytest

from nsredis.cli import output, watch
from nsredis.cli.asking import fail
from nsredis.client.watcher import WatchEvent
from tests.support.processes import CHECKOUT

TABLE = """
from nsredis.cli import output
rows = [("a-name", 12, "online", "", "a long note " * 20), ("b", 3, "offline", "", "")]
output.table(["name", "count", "state", "zone", "note"], rows, empty="nothing")
"""


def test_piped_tables_are_plain_and_each_row_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["name", "count", "note"], [("a", 1, "x " * 200 + "end"), ("long-name", 100, "")], empty="nothing")
    head, first, second = capsys.readouterr().out.splitlines()
    assert head == "NAME       COUNT  NOTE"
    assert first.startswith("a              1  x x x")
    assert first.endswith("end")
    assert second == "long-name    100"


def test_an_empty_table_prints_nothing_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["name"], [], empty="no names")
    output.lines([], empty="no lines")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "no names\nno lines\n"


EVIL = "\x1b[2J\r\n\x9b\u202e"
SHOWN = r"\x1b[2J\r\n\x9b\u202e"


def test_what_a_terminal_would_obey_is_shown_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert output.harmless("Zürich · 東京") == "Zürich · 東京"
    output.table(["name", "note"], [(f"a{EVIL}", f"b{EVIL}")], empty="nothing")
    output.facts({"zone": f"c{EVIL}"})
    output.lines([f"d{EVIL}"], empty="nothing")
    told = capsys.readouterr().out
    assert told.isascii()
    assert "\x1b" not in told
    for letter in "abcd":
        assert f"{letter}{SHOWN}" in told
    assert len(told.splitlines()) == 4


def test_a_changed_broker_or_route_is_shown_harmlessly() -> None:
    broker = {"brokerName": f"a{EVIL}", "brokerId": 0, "state": "online", "zone": EVIL, "reason": EVIL}
    queues = {"brokerName": "a", "readQueueNums": 1, "writeQueueNums": 1, "perm": 6}
    route = {"queueDatas": [queues], "brokerDatas": [{"brokerName": "a", "brokerAddrs": {"0": EVIL}}]}
    shown: dict[str, dict[str, object]] = {
        "broker": broker,
        "route": {"topic": EVIL, "route": route},
        "other": {"x": EVIL},
    }
    for kind, data in shown.items():
        line = watch._line(WatchEvent(kind, dict(data), "", 1))
        assert click.unstyle(line).isprintable(), line


def test_the_last_words_are_shown_harmlessly(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        fail(f"no broker {EVIL}")
    assert capsys.readouterr().err.strip().isprintable()


def _on_terminal(code: str, columns: int, **environ: str) -> str:
    """What a program prints to a terminal so wide."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env=environment | {"COLUMNS": str(columns), "TERM": "xterm"} | environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    told = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        told += chunk
    os.close(ours)
    assert process.wait() == 0, told
    return told.decode()


def test_a_value_is_whole_for_programs_and_harmless_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    output.value("one\n\x1b[2Jtwo")
    assert capsys.readouterr().out == "one\n\x1b[2Jtwo\n"
    told = _on_terminal(r"from nsredis.cli import output; output.value('one\n\x1b[2Jtwo')", 60)
    assert told.splitlines() == ["one", r"\x1b[2Jtwo"]


def test_a_terminal_gets_colours_and_folds_only_the_last_column() -> None:
    told = _on_terminal(TABLE, 60)
    assert "\x1b[32monline" in told
    assert "\x1b[31moffline" in told
    assert "a-name" in told
    assert told.count("long") == 20
    assert len(told.splitlines()) > 5
    assert "zone" not in told  # it is empty


def test_a_terminal_that_wants_no_colours_gets_none() -> None:
    assert "\x1b[3" not in _on_terminal(TABLE, 200, NO_COLOR="1")


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, ""),
        (0, "0s"),
        (1500, "1.5s"),
        (2633, "2.6s"),
        (60_000, "1m"),
        (61_500, "1m 1s"),
        (3_600_000, "1h"),
        (3_601_000, "1h"),
        (7_500_000, "2h 5m"),
        (90_000_000, "1d 1h"),
    ],
)
def test_durations_read_well(ms: int | None, text: str) -> None:
    assert output.duration_text(ms) == text


def test_times_permissions_and_addresses_read_well() -> None:
    assert datetime.fromisoformat(output.time_text(1_700_000_000_000)).timestamp() == 1_700_000_000
    assert output.time_text(None) == ""
    assert [output.perm_text(perm) for perm in (0, 2, 4, 6, 7)] == ["---", "-W-", "R--", "RW-", "RWX"]
    assert output.addresses_text({"10": "c:3", "2": "b:2", "0": "a:1"}) == "0=a:1 2=b:2 10=c:3"
