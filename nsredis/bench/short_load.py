"""A load of HTTP requests over keep-alive connections, on bare sockets so that the client costs little."""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

from nsredis.bench.failures import LoadFailed

HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = b"\r\ncontent-length:"
END_S: Final = 10.0
"""How long answers that are still due are waited for."""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a load did. `busy` is the part of the time for which this client's processor was at work."""

    requests: int
    seconds: float
    busy: float

    @property
    def rate(self) -> float:
        """Requests answered in a second."""
        return self.requests / self.seconds


class _Connection(asyncio.Protocol):
    """Sends its requests in turn, each when the one before is answered."""

    def __init__(self, requests: Sequence[bytes], statuses: Collection[int]) -> None:
        self.answered = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._statuses = frozenset(b"%d" % status for status in statuses)
        self._buffer = b""
        self._stopping = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember how to write."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its type

    def start(self) -> None:
        """Send the first request."""
        self._send()

    def stop(self) -> None:
        """Send no more; `ended` is done when the last answer is there."""
        self._stopping = True

    def _send(self) -> None:
        assert self._transport is not None
        self._transport.write(self._requests[self.answered % len(self._requests)])

    def data_received(self, data: bytes) -> None:
        """Take an answer, or a part of one."""
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return
        head = self._buffer[: end + 2].lower()
        if head[9:12] not in self._statuses:
            self._fail(f"an answer of status {head[9:12].decode()}: {self._buffer[end + 4 :].decode(errors='replace')}")
            return
        if len(self._buffer) < end + 4 + _length(head):
            return
        self._buffer = b""
        self.answered += 1
        if self._stopping:
            if not self.ended.done():
                self.ended.set_result(None)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended."""
        self._fail("the server closed a connection")

    def _fail(self, words: str) -> None:
        if not self.ended.done():
            self.ended.set_exception(LoadFailed(words))

    def close(self) -> None:
        """Hang up."""
        if self.ended.done() and not self.ended.cancelled():
            self.ended.exception()
        self.ended.cancel()
        if self._transport is not None:
            self._transport.abort()


def _length(head: bytes) -> int:
    at = head.find(LENGTH)
    if at < 0:
        return 0
    start = at + len(LENGTH)
    return int(head[start : head.index(b"\r\n", start)])


async def run_load(
    server: str, requests: Sequence[Sequence[bytes]], seconds: float, statuses: Collection[int]
) -> LoadResult:
    """Let one connection for each list of requests send them in turn for some seconds. LoadFailed."""
    parts = urlsplit(server)
    loop = asyncio.get_running_loop()
    connections: list[_Connection] = []
    try:
        for cycle in requests:
            _, connection = await loop.create_connection(
                lambda cycle=cycle: _Connection(cycle, statuses),  # type: ignore[misc]  # mypy cannot tell its type
                parts.hostname or "",
                parts.port or 80,
            )
            connections.append(connection)
        started, worked = time.perf_counter(), time.process_time()
        for connection in connections:
            connection.start()
        endings = [connection.ended for connection in connections]
        await asyncio.wait(endings, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for connection in connections:
            connection.stop()
        async with asyncio.timeout(END_S):
            await asyncio.gather(*endings)
        passed = time.perf_counter() - started
        busy = (time.process_time() - worked) / passed
        return LoadResult(sum(connection.answered for connection in connections), passed, busy)
    except TimeoutError:
        raise LoadFailed(f"{server} did not answer within {END_S:.0f} s") from None
    except OSError as error:
        raise LoadFailed(f"no connection to {server}: {error.strerror or error}") from None
    finally:
        for connection in connections:
            connection.close()
