"""Bodies of registrations that are no good, for both protocols."""

import zlib

VERSION = '{"counter":1,"stateVersion":0,"timestamp":1}'


def _table(topics: str, version: str = VERSION) -> bytes:
    return f'{{"topicConfigTable":{topics},"dataVersion":{version}}}'.encode()


def _wrapper(table: bytes) -> bytes:
    return b'{"topicConfigSerializeWrapper":' + table + b',"filterServerList":[]}'


def _topic(name: str, queues: str = "8") -> str:
    return f'{{"{name}":{{"topicName":"{name}","readQueueNums":{queues},"writeQueueNums":8,"perm":6}}}}'


REMOTING: dict[str, bytes] = {
    "no object": b"[]",
    "half of one": _wrapper(_table(_topic("T")))[:-9],
    "bad UTF-8": _wrapper(_table(_topic("T")).replace(b'"T"', b'"\xc3\x28"')),
    "100,000 levels": b'{"topicConfigSerializeWrapper":' * 100_000,
    "100,000 lists": b"[" * 100_000,
    "a number of 5,000 digits": _wrapper(_table(_topic("T", "9" * 5000))),
    "NaN": _wrapper(_table(_topic("T", "NaN"))),
    "infinity": _wrapper(_table(_topic("T", "1e999"))),
    "negative queues": _wrapper(_table(_topic("T", "-5"))),
    "a lone surrogate": _wrapper(_table(_topic("T\\ud800"))),
    "a version that is text": _wrapper(_table(_topic("T"), '"x"')),
}

BOMB = zlib.compress(bytes(200 << 20), 9)

COMPRESSED: dict[str, bytes] = {
    "no zlib": b"\x00\x01\x02",
    "half of zlib": zlib.compress(bytes(100_000))[:-20],
    "a bomb of 200 MB": BOMB,
    "a bomb inside a bomb": zlib.compress(BOMB, 9),
    "a bomb of lengths": zlib.compress(b"\x7f\xff\xff\xff" * (16 << 20), 9),
}

HEAD = b'{"address":"10.0.0.1:1","topics":'
HTTP: dict[str, bytes] = {
    "nothing": b"",
    "no object": b"[]",
    "half of one": HEAD + b'{"T":{',
    "bad UTF-8": HEAD + b'{"\xc3\x28":{}}}',
    "100,000 levels": HEAD + b'{"T":' * 100_000,
    "a number of 5,000 digits": HEAD + b'{"T":{"readQueueNums":' + b"9" * 5000 + b"}}}",
    "NaN": HEAD + b'{"T":{"readQueueNums":NaN}}}',
    "infinity": HEAD + b'{"T":{"readQueueNums":1e999}}}',
    "negative queues": HEAD + b'{"T":{"readQueueNums":-1}}}',
    "a lone surrogate": HEAD + b'{"T\\ud800":{}}}',
    "an unknown field": HEAD + b'{},"nonsense":1}',
}
