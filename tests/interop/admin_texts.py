"""What mqadmin prints, made comparable: rows are sorted, times and rates are dropped."""

import difflib
import json
import re
from typing import Any

from nsredis.wire import fastjson

RATE = re.compile(r"(?<![\d.])-?\d+\.\d+(?![\d.])")
DURATION = re.compile(r"\b\d+(?= ?ms\b)|\b\d+-\d+(?=\()")


def comparable(text: str) -> str:
    """A text that is equal for equal answers of name servers."""
    stripped = text.strip()
    if stripped.startswith("{"):
        return json.dumps(_in_order(fastjson.loads(stripped.encode())), indent=1)
    lines = [line for line in stripped.splitlines() if line.strip() and not _is_trace(line)]
    return "\n".join(sorted(" ".join(DURATION.sub("*", RATE.sub("*", line)).split()) for line in lines))


def without_numbers(text: str) -> list[str]:
    """The different rows of a text, with no digit in them; of rows with names and values the names."""
    return sorted({re.sub(r"[:=](\s.*)?$|[\d*-]", "", row).strip() for row in text.splitlines()})


def difference(expected: str, printed: str) -> str:
    """The rows that differ."""
    return "\n".join(
        difflib.unified_diff(expected.splitlines(), printed.splitlines(), "expected", "printed", "", "", 1, "")
    )


def _is_trace(line: str) -> bool:
    return line.startswith(("\tat ", "\t... "))


def _in_order(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _in_order(content[key]) for key in sorted(content, key=str)}
    if isinstance(content, list):
        return sorted((_in_order(item) for item in content), key=lambda item: json.dumps(item, sort_keys=True))
    return content


def table(text: str) -> list[list[str]]:
    """The words of each row, without the heading, in order."""
    return sorted(line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
