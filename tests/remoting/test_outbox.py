import asyncio
import socket
from collections.abc import Iterable
from typing import Any

from nsredis.remoting.connection import Connection
from nsredis.remoting.limits import Budget, Limits
from nsredis.remoting.outbox import JOIN_BELOW, Outbox
from nsredis.remoting.shared import Shared
from tests.remoting.conftest import Start
from tests.remoting.raw_client import RawClient, request
from tests.remoting.scripted_door import LATER, NOW, Remembering, ScriptedDoor
from tests.support.eventually import eventually


class Counted:
    """A transport whose writes are counted."""

    def __init__(self, transport: Any = None) -> None:
        self.transport = transport
        self.writes: list[list[bytes]] = []

    def write(self, data: bytes) -> None:
        self.writes.append([data])
        if self.transport is not None:
            self.transport.write(data)

    def writelines(self, frames: Iterable[bytes]) -> None:
        self.writes.append(list(frames))
        if self.transport is not None:
            self.transport.writelines(self.writes[-1])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


def test_small_frames_are_joined_and_large_ones_handed_over_as_they_are() -> None:
    transport = Counted()
    outbox = Outbox(transport)  # type: ignore[arg-type]
    outbox.flush()
    assert transport.writes == []
    for size in (1, JOIN_BELOW * 2 - 2):
        outbox.put(bytes(size))
    assert outbox.size == JOIN_BELOW * 2 - 1
    outbox.flush()
    assert [len(data) for data in transport.writes.pop()] == [JOIN_BELOW * 2 - 1]
    large = [bytes(1), bytes(JOIN_BELOW * 2 - 1)]
    for frame in large:
        outbox.put(frame)
    outbox.flush()
    assert transport.writes.pop() == large
    outbox.put(large[1])
    outbox.flush()
    assert transport.writes.pop()[0] is large[1]
    assert outbox.size == 0


async def test_the_answers_of_one_read_leave_in_one_write() -> None:
    ours, theirs = socket.socketpair()
    for sock in (ours, theirs):
        sock.setblocking(False)
    door = ScriptedDoor()
    door.go.clear()
    limits = Limits()
    shared = Shared(door, Remembering(), limits, Budget(limits.held_bytes), Budget(limits.unfinished_bytes))
    connection = Connection(shared, "test:1", secure=False, ended=lambda: None)
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, ours)
    counted = Counted(transport)
    connection._outbox = Outbox(counted)  # type: ignore[arg-type]
    client = RawClient(*await asyncio.open_connection(sock=theirs))
    await client.send(b"".join(request(NOW, opaque, b"body") for opaque in range(100)))
    assert [(await client.receive()).opaque for _ in range(100)] == list(range(100))
    assert len(counted.writes) == 1
    await client.send(b"".join(request(LATER, opaque, b"body") for opaque in range(50)))
    await eventually(lambda: door.running == 50)
    door.go.set()  # all tasks end in one turn of the loop
    assert sorted([(await client.receive()).opaque for _ in range(50)]) == list(range(50))
    assert len(counted.writes) == 2
    await client.close()
    await eventually(lambda: len(door.gone) == 1)


async def test_a_client_that_does_not_read_is_not_read_either(start: Start) -> None:
    remoting = await start()
    body, count = bytes(50_000), 600
    remoting.door.prepared = len(body).to_bytes(4) + body
    client = await remoting.client()
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    client.writer.write(b"".join(request(106, opaque) for opaque in range(count)))
    [connection] = await eventually(lambda: list(remoting.server._shared.connections))
    await eventually(lambda: not connection._reading)
    asked = len(remoting.door.asked)
    assert asked < count
    client.writer.write(b"".join(request(106, opaque) for opaque in range(count)))
    await asyncio.sleep(0.05)
    assert len(remoting.door.asked) == asked
    assert not connection._reading
    assert connection._transport.get_write_buffer_size() < 1_000_000
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]
    for _ in range(2 * count):
        assert await client.reader.readexactly(4 + len(body)) == remoting.door.prepared
    await eventually(lambda: connection._reading)
    assert len(remoting.door.asked) == 2 * count
