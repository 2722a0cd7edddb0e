"""The short way of route queries (code 105): from the bytes of a read to the answers, with no commands in between.

The headers are read by the readers of the general way, or say the same as one that was; the bodies are those that the
view keeps until a topic changes: so both ways give the same bytes, and nothing kept here could be out of date.
"""

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from time import perf_counter
from typing import Final, NamedTuple

from nsredis.remoting.exchange import SUCCESS
from nsredis.remoting.header_memo import LONGEST, MARK, HeaderMemo, Known
from nsredis.service.query_service import QueryService
from nsredis.wire import binary_header, json_header
from nsredis.wire.codes import OUR_VERSION, RESPONSE_FLAG, VERSION_STANDARD_JSON, RequestCode
from nsredis.wire.commands import Serialization
from nsredis.wire.frames import MAX_FRAME, MalformedFrame

Count = Callable[[int, float, int], None]
"""Code of the answers, how long it took until all were ready, how many."""

ROUTE: Final = int(RequestCode.GET_ROUTEINFO_BY_TOPIC)
MOST_AT_ONCE: Final = 256 << 10
"""Bytes of bodies after which the answers are to be sent before there are more."""

MOST_FRAMES: Final = 256
"""How many frames are looked at in one go."""

_ZERO: Final = ord("0")
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

_HEADER: Final = binary_header.write(0, _MARK, RESPONSE_FLAG, OUR_VERSION, "JAVA", None, None)
_BINARY_FIRST, _BINARY_REST = _HEADER.split(_MARK.to_bytes(_WORD))
_BINARY_START: Final = (_BINARY | len(_HEADER)).to_bytes(_WORD) + _BINARY_FIRST
_BINARY_LENGTH: Final = _WORD + len(_HEADER)


class RouteShortcut:
    """A Shortcut for plain route queries. Zones, topics that are not known, errors: all that goes the general way."""

    def __init__(self, queries: QueryService, count: Count) -> None:
        """`count`: is told of the answers."""
        self._queries = queries
        self._count = count
        self.memo = HeaderMemo()
        """What it knows without reading."""

    def at_hand(self, data: bytes) -> Sequence[bytes] | None:
        """As `Shortcut.at_hand`. As few steps as can be: most reads bring one query."""
        if len(data) > LONGEST:
            return None
        started = perf_counter()
        start, _, rest = data.partition(MARK)
        try:
            digits, tail, stop, topic, length, head = self.memo.known[start]
            body = self._queries.routes_at_hand()[topic].body
        except KeyError:
            return None
        number = rest[:digits]
        if (
            len(rest) != stop
            or len(body) != length
            or not rest.startswith(tail, digits)
            or not number.isdigit()
            or number[0] == _ZERO
        ):
            return None
        self._count(SUCCESS, perf_counter() - started, 1)
        return head, number, _JSON_REST, body

    def answer(self, data: bytes, at: int, parts: list[bytes]) -> tuple[int, int, int]:
        """As `Shortcut.answer`, counted in one."""
        started = perf_counter()
        stop, count, size = self._answer(data, at, parts)
        if count:
            self._count(SUCCESS, perf_counter() - started, count)
        return stop, count, size

    def _answer(self, data: bytes, at: int, parts: list[bytes]) -> tuple[int, int, int]:
        """Frames up to the first that does not begin in a known way are not read at all.

        That loop has few calls, as it runs for every request.
        """
        if data[at + 1 : at + 2] > b"\0":  # a frame of 64 kB and more is no query, and is not to be copied
            return at, 0, 0
        answers, known, size, had = self._queries.routes_at_hand(), self.memo.known, 0, len(parts)
        pieces = (data[at:] if at else data).split(MARK, MOST_FRAMES)
        start = pieces[0]
        del pieces[0]
        try:
            for piece in pieces:
                digits, tail, stop, topic, length, head = known[start]
                if not piece.startswith(tail, digits):
                    digits, tail, stop, topic, length, head = self.memo.twin(start, piece[digits:stop])
                body = answers[topic].body
                number = piece[:digits]
                if not number.isdigit() or number[0] == _ZERO:
                    break
                if len(body) != length:
                    length = len(body)
                    if length > _MOST_BODY:
                        break
                    head = _json_head(digits, length)
                    known[start] = Known(digits, tail, stop, topic, length, head)
                parts += (head, number, _JSON_REST, body)
                size += length
                start = piece[stop:]
                if size >= MOST_AT_ONCE:
                    break
        except KeyError:  # the memo does not know how it begins, or there is no route at hand
            pass
        count = (len(parts) - had) // 4
        if not start:
            return len(data), count, size
        left = pieces[count:]
        at = len(data) - len(start) - sum(map(len, left)) - len(MARK) * len(left)
        return self._answer_rest(data, at, parts, count, size)

    def _answer_rest(self, data: bytes, at: int, parts: list[bytes], count: int, size: int) -> tuple[int, int, int]:
        """Go on with frames that have to be read, unless there is enough."""
        while size < MOST_AT_ONCE and count != MOST_FRAMES:
            stop = self._read_and_answer(data, at, parts)
            if stop == at:
                break
            at = stop
            count += 1
            size += len(parts[-1])
        return at, count, size

    def _read_and_answer(self, data: bytes, at: int, parts: list[bytes]) -> int:
        """Answer one frame; where it ends, or `at` when it goes the general way."""
        asked = _read(data, at)
        if asked is None or "__ZONE_MODE" in asked.ext:
            return at
        topic = asked.ext.get("topic", "")
        standard = asked.version >= VERSION_STANDARD_JSON
        if standard:
            answer = self._queries.route_at_hand(topic)
            body = answer.body if answer is not None else None
        else:
            body = self._legacy(topic, asked.ext)
        if body is None or len(body) > _MOST_BODY:
            return at
        if asked.plain is None:
            parts += (_binary_head(asked.opaque, len(body)), body)
        else:
            number = b"%d" % asked.opaque
            parts += (_json_head(len(number), len(body)), number, _JSON_REST, body)
            if standard:
                self.memo.learn(data[at : asked.stop], asked.plain)
        return asked.stop

    def _legacy(self, topic: str, ext: dict[str, str]) -> bytes | None:
        return None if "acceptStandardJsonOnly" in ext else self._queries.legacy_route_at_hand(topic)


class _Asked(NamedTuple):
    """A route query that wants an answer, and where its frame ends."""

    stop: int
    opaque: int
    version: int
    ext: dict[str, str]
    plain: json_header.PlainHeader | None
    """None when the header is binary."""


def _read(data: bytes, at: int) -> _Asked | None:
    """The query that begins at `at`, if a whole one does, and nothing about it is unusual."""
    if len(data) - at <= 2 * _WORD:
        return None
    length, form = _words_at(data, at)
    stop = at + _WORD + length
    if stop > len(data) or length <= _WORD:
        return None
    header, plain = slice(at + 2 * _WORD, stop), None
    try:
        if form == length - _WORD:
            plain = _read_plain(data[header])
            code, opaque, flag, version, ext = plain.code, plain.opaque, plain.flag, plain.version, plain.ext
        elif form == _BINARY | (length - _WORD):
            code, opaque, flag, version, _, _, ext = binary_header.read(data[header])
        else:
            return None
    except (ValueError, RecursionError, MalformedFrame):
        return None
    if code != ROUTE or flag or opaque < 0 or ext is None:
        return None
    return _Asked(stop, opaque, version, ext, plain)


@lru_cache(maxsize=4096)
def _json_head(digits: int, body: int) -> bytes:
    """A frame up to its opaque, which has so many digits, before a body of so many bytes."""
    header = _JSON_LENGTH - _WORD + digits
    return (_WORD + header + body).to_bytes(_WORD) + header.to_bytes(_WORD) + _JSON_FIRST


def _binary_head(opaque: int, body: int) -> bytes:
    """A frame up to its body of so many bytes."""
    return b"".join(((_BINARY_LENGTH + body).to_bytes(4), _BINARY_START, opaque.to_bytes(4), _BINARY_REST))
