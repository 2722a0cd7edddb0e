"""Bytes that are no good, from a seed: the same ones each time."""

import random
from collections.abc import Iterator

from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Command, Serialization, encode

LOOK_UP = Command(RequestCode.GET_ROUTEINFO_BY_TOPIC, 1, 0, 399, ext={"topic": "Shared0"})
HARMLESS = (RequestCode.GET_ROUTEINFO_BY_TOPIC, RequestCode.GET_BROKER_CLUSTER_INFO, RequestCode.GET_KV_CONFIG)


def wrong_lengths() -> Iterator[bytes]:
    """Frames whose lengths are lies: negative, zero, beyond the limit, a header longer than its frame."""
    payload = encode(LOOK_UP)[4:]
    for length in (0, 1, 3, 16_777_217, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        yield length.to_bytes(4) + payload
    for header in (len(payload), 0xFFFFFF):
        yield len(payload).to_bytes(4) + header.to_bytes(4) + payload[4:]


def wrong_headers() -> Iterator[bytes]:
    """Whole frames whose headers cannot be read."""
    for kind in range(2, 256, 23):
        yield _frame(kind, b'{"code":105,"opaque":1}')
    texts = (
        b"", b"null", b"[]", b'"x"', b"{", b"\xff\xfe", b'{"code":"x"}', b'{"code":1e999}', b'{"code":NaN}',
        b'{"code":105,"opaque":' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 50_000,
        b'{"code":105,"extFields":[1]}', b'{"code":105,"extFields":{"topic":{"x":1}}}',
        b'{"code":105,"extFields":"\\ud800"}',
    )  # fmt: skip
    for text in texts:
        yield _frame(0, text)
        yield _frame(1, text)


def mutations(seed: int, count: int) -> Iterator[bytes]:
    """Good requests with some bytes of their headers changed, cut off or doubled, and pure noise."""
    chance = random.Random(seed)
    for _ in range(count):
        form = chance.choice((Serialization.JSON, Serialization.ROCKETMQ))
        ext = {"topic": "Shared0", "namespace": "n", "key": "k"}
        frame = bytearray(encode(Command(chance.choice(HARMLESS), 1, 0, 399, ext=ext, serialization=form)))
        for _ in range(chance.randrange(1, 8)):
            frame[chance.randrange(4, len(frame))] = chance.randrange(256)
        match chance.randrange(4):
            case 0:
                yield bytes(frame[: chance.randrange(4, len(frame))])
            case 1:
                yield bytes(frame) * 2
            case 2:
                yield chance.randbytes(chance.randrange(1, 2000))
            case _:
                yield bytes(frame)


def _frame(kind: int, header: bytes) -> bytes:
    return (4 + len(header)).to_bytes(4) + bytes([kind]) + len(header).to_bytes(3) + header
