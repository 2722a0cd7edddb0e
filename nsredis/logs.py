"""Where log lines go and how they look: text for people, JSON for programs."""

import logging
import sys
from typing import Final, TextIO

from pythonjsonlogger.msgspec import MsgspecFormatter

TEXT: Final = "%(asctime)s.%(msecs)03d %(levelname)-7s {node}%(name)s  %(message)s"

CHATTY: Final = ("aiohttp.access",)
"""Loggers with a line for every request: metrics count those."""


def set_up_logging(
    level: str, log_format: str, node_id: str, stream: TextIO | None = None, *, one_of_several: bool = False
) -> None:
    """Log to `stream` (standard error by default), for the whole process; called again, it replaces what it set up.

    `one_of_several`: lines of text tell the node too, as JSON always does.
    """
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(_json(node_id) if log_format == "json" else _text(node_id if one_of_several else ""))
    handler.set_name("nsredis")
    root = logging.getLogger()
    for former in [former for former in root.handlers if former.get_name() == "nsredis"]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _text(node_id: str) -> logging.Formatter:
    return logging.Formatter(TEXT.replace("{node}", f"{node_id} " if node_id else ""), "%Y-%m-%d %H:%M:%S")


def _json(node_id: str) -> logging.Formatter:
    return MsgspecFormatter(
        ["levelname", "name", "message"],
        rename_fields={"levelname": "level", "name": "logger"},
        static_fields={"node": node_id},
        timestamp="time",
    )
