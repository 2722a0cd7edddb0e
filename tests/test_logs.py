import io
import json
import logging
from collections.abc import Iterator

import pytest

from nsredis.logs import set_up_logging


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.captureWarnings(capture=False)


def test_text_lines_tell_when_how_bad_who_and_what() -> None:
    out = io.StringIO()
    set_up_logging("info", "text", "n1", out)
    logging.getLogger("nsredis.view").warning("behind by %d", 3)
    logging.getLogger("nsredis.view").debug("not shown")
    line = out.getvalue()
    assert line.count("\n") == 1
    assert "WARNING nsredis.view  behind by 3" in line


def test_json_lines_carry_the_node_and_the_exception() -> None:
    out = io.StringIO()
    set_up_logging("debug", "json", "n1", out)
    try:
        raise ValueError("wrong")
    except ValueError:
        logging.getLogger("nsredis").exception("it failed\nbadly", extra={"revision": 7})
    lines = out.getvalue().splitlines()
    assert len(lines) == 1
    entry = json.loads(lines[0])
    assert entry["level"] == "ERROR"
    assert entry["logger"] == "nsredis"
    assert entry["message"] == "it failed\nbadly"
    assert entry["node"] == "n1"
    assert entry["revision"] == 7
    assert "ValueError: wrong" in entry["exc_info"]
    assert entry["time"].endswith("Z")


def test_setting_up_again_replaces_the_former_handler() -> None:
    first, second = io.StringIO(), io.StringIO()
    set_up_logging("info", "text", "n1", first)
    set_up_logging("info", "text", "n1", second)
    logging.getLogger("nsredis").info("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1


def test_lines_for_every_request_are_off() -> None:
    out = io.StringIO()
    set_up_logging("debug", "text", "n1", out)
    logging.getLogger("aiohttp.access").info("GET / 200")
    assert out.getvalue() == ""


def test_text_lines_of_one_of_several_tell_which() -> None:
    out = io.StringIO()
    set_up_logging("info", "text", "n1-2", out, one_of_several=True)
    logging.getLogger("nsredis.view").warning("behind")
    assert "WARNING n1-2 nsredis.view  behind" in out.getvalue()
