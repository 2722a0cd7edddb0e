from pathlib import Path

import pytest

from nsredis.registry.scripts import Script, build_script, load_scripts

HEADER = """--[[
  demo: do something.

  KEYS
    one        hash    words
    two        zset    words
  ARGV
    text       str     words
    number     int     words
    maybe      int?    words
    flag       bool    words
    rest...    str     words
  RETURNS
    int        words
  ERRORS
    OOPS       words
]]
"""


def _build(body: str, folder: Path, header: str = HEADER) -> Script:
    return build_script("demo", header + body, folder)


VALUES: dict[str, object] = {"one": "k1", "two": "k2", "text": "t", "number": 5, "maybe": None, "flag": True}


def test_the_header_names_the_slots(tmp_path: Path) -> None:
    script = _build("return number\n", tmp_path)
    assert script.keys == ("one", "two")
    assert script.arguments == {"text": "str", "number": "int", "maybe": "int?", "flag": "bool"}
    assert (script.tail, script.errors) == ("rest", ("OOPS",))
    assert script.text.splitlines()[:7] == [
        "local one = KEYS[1]",
        "local two = KEYS[2]",
        "local text = ARGV[1]",
        "local number = tonumber(ARGV[2])",
        "local maybe = tonumber(ARGV[3])",
        "local flag = ARGV[4] == '1'",
        "local rest = {}",
    ]


def test_values_go_into_their_slots(tmp_path: Path) -> None:
    script = _build("return 1\n", tmp_path)
    assert script.slots(VALUES | {"rest": ["x", b"y", 7]}) == ["k1", "k2", "t", "5", "", "1", "x", b"y", "7"]
    assert script.slots(VALUES | {"rest": [], "maybe": 0, "flag": False})[4:] == ["0", "0"]


@pytest.mark.parametrize("wrong", [{}, {"rest": [], "more": 1}])
def test_other_names_than_the_headers_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError, match=r"do not fit its header: (rest|more)"):
        _build("return 1\n", tmp_path).slots(VALUES | wrong)


def test_values_of_other_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="not float"):
        _build("return 1\n", tmp_path).slots(VALUES | {"rest": [], "number": 1.5})


def test_includes_come_once_and_before_what_needs_them(tmp_path: Path) -> None:
    (tmp_path / "low.lua").write_text("local low = 1\n")
    (tmp_path / "high.lua").write_text("-- @include low\nlocal high = low\n")
    text = _build("-- @include high\n-- @include low\nreturn high\n", tmp_path).text
    assert text.count("local low") == 1
    assert text.index("local low") < text.index("local high") < text.index("return high")
    assert "@include" not in text


def test_an_include_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        _build("-- @include nothing\n", tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("demo: do", "other: do", "must open with"),
        ("  ERRORS\n", "", "has no ERRORS"),
        ("  KEYS\n", "", "has no KEYS"),
        ("number     int ", "number     long", "unknown types"),
        (
            "    flag       bool    words\n    rest...    str     words\n",
            "    rest...    str     words\n    flag       bool    words\n",
            "must be the last",
        ),
    ],
)
def test_a_header_that_is_not_as_it_should_be(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in HEADER
    with pytest.raises(ValueError, match=words):
        _build("return 1\n", tmp_path, HEADER.replace(old, new))


def test_all_scripts_of_the_project_load_and_differ() -> None:
    scripts = load_scripts()
    assert {"register", "beat", "sweep", "follow"} <= scripts.keys()
    assert len({script.sha for script in scripts.values()}) == len(scripts)
    assert all(script.name == name for name, script in scripts.items())
