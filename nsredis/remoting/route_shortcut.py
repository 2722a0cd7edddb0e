"""The short way of route queries (code 105): from the bytes of a read to the answers, with no commands in between.

The headers are read by the readers of the general way, and the bodies are those that the view keeps until a topic
changes: so both ways give the same bytes, and nothing is kept here that could be out of date.
"""

import struct
from typing import Final

from nsredis.service.query_service import QueryService
from nsredis.wire import binary_header, json_header
from nsredis.wire.codes import OUR_VERSION, RESPONSE_FLAG, VERSION_STANDARD_JSON, RequestCode
from nsredis.wire.commands import Serialization
from nsredis.wire.frames import MAX_FRAME, MalformedFrame

ROUTE: Final = int(RequestCode.GET_ROUTEINFO_BY_TOPIC)
MOST_AT_ONCE: Final = 256 << 10
"""Bytes of bodies after which the answers are to be sent before there are more."""

_WORD: Final = 4
_words_at: Final = struct.Struct(">ii").unpack_from  # a frame's length; its header's form and length
_read_plain: Final = json_header.read_plain
_BINARY: Final = Serialization.ROCKETMQ << 24
_MOST_BODY: Final = MAX_FRAME - 1024

_MARK: Final = 1_234_567_890
_JSON_FIRST, _JSON_REST = json_header.write(0, _MARK, RESPONSE_FLAG, OUR_VERSION, "JAVA", None, None).split(
    b"%d" % _MARK
)
_JSON_LENGTH: Final = _WORD + len(_JSON_FIRST) + len(_JSON_REST)
_JSON_FIRSTS: Final = tuple((_JSON_LENGTH - _WORD + n).to_bytes(_WORD) + _JSON_FIRST for n in range(11))
"""What stands between the length word and the opaque, by the number of the opaque's digits."""

_HEADER: Final = binary_header.write(0, _MARK, RESPONSE_FLAG, OUR_VERSION, "JAVA", None, None)
_BINARY_FIRST, _BINARY_REST = _HEADER.split(_MARK.to_bytes(_WORD))
_BINARY_START: Final = (_BINARY | len(_HEADER)).to_bytes(_WORD) + _BINARY_FIRST
_BINARY_LENGTH: Final = _WORD + len(_HEADER)


class RouteShortcut:
    """A Shortcut for plain route queries. Zones, topics that are not known, errors: all that goes the general way."""

    code = ROUTE

    def __init__(self, queries: QueryService) -> None:
        self._queries = queries

    def answer(self, data: bytes, at: int, parts: list[bytes]) -> tuple[int, int, int]:
        """As `Shortcut.answer`: a loop with few calls, as it runs for every request."""
        at_hand, end, count, size = self._queries.route_at_hand, len(data), 0, 0
        while end - at > 2 * _WORD and size < MOST_AT_ONCE:
            length, form = _words_at(data, at)
            stop = at + _WORD + length
            if stop > end or length <= _WORD:
                break
            raw = data[at + 2 * _WORD : stop]
            try:
                if form == length - _WORD:
                    header = _read_plain(raw)
                    code, opaque, flag = header.code, header.opaque, header.flag
                    version, ext = header.version, header.ext
                elif form == _BINARY | (length - _WORD):
                    code, opaque, flag, version, _, _, ext = binary_header.read(raw)
                else:
                    break
            except (ValueError, RecursionError, MalformedFrame):
                break
            if code != ROUTE or flag or opaque < 0 or ext is None or "__ZONE_MODE" in ext:
                break
            topic = ext.get("topic", "")
            if version >= VERSION_STANDARD_JSON:
                answer = at_hand(topic)
                body = answer.body if answer is not None else None
            else:
                body = self._legacy(topic, ext)
            if body is None or len(body) > _MOST_BODY:
                break
            if form < _BINARY:
                number = b"%d" % opaque
                digits = len(number)
                total = (_JSON_LENGTH + digits + len(body)).to_bytes(4)
                parts.append(b"".join((total, _JSON_FIRSTS[digits], number, _JSON_REST)))
            else:
                parts.append(_binary_head(opaque, len(body)))
            parts.append(body)
            size += len(body)
            count += 1
            at = stop
        return at, count, size

    def _legacy(self, topic: str, ext: dict[str, str]) -> bytes | None:
        return None if "acceptStandardJsonOnly" in ext else self._queries.legacy_route_at_hand(topic)


def _binary_head(opaque: int, body: int) -> bytes:
    """A frame up to its body of so many bytes."""
    return b"".join(((_BINARY_LENGTH + body).to_bytes(4), _BINARY_START, opaque.to_bytes(4), _BINARY_REST))
