"""A TCP proxy on loopback that a test can slow, turn deaf, or shut: the way between one node and its store."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MOST_CHUNKS = 1000


class TcpProxy:
    """Passes bytes to `target` (host and port) and back. Open it as a context.

    `delay_s`: how much later than they came bytes go on, each way.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.port = 0
        self.delay_s = 0.0

    async def __aenter__(self) -> "TcpProxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shut()
        self.heal()  # what is held back has nowhere to go now
        if self._serving:
            await asyncio.wait(self._serving)

    def black_hole(self) -> None:
        """Connections stay open, new ones are taken, and nothing goes through any more."""
        self._open.clear()

    def heal(self) -> None:
        """Everything goes through again, what was held back too."""
        self._open.set()

    async def shut(self) -> None:
        """Refuse new connections and cut the open ones."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        with self._ending(writer), suppress(OSError):
            if self._server is None:  # shut since it was accepted
                return
            other_reader, other_writer = await asyncio.open_connection(*self._target)
            with self._ending(other_writer):
                await asyncio.gather(self._pass(reader, other_writer), self._pass(other_reader, writer))

    @contextmanager
    def _ending(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        """`shut` cuts it, and it is cut when this ends."""
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_CHUNKS)
        passing = loop.create_task(self._pass_on(chunks, writer))
        with suppress(OSError):
            while chunk := await reader.read(65536):
                await chunks.put((loop.time() + self.delay_s, chunk))
        await chunks.put((loop.time() + self.delay_s, b""))
        await passing

    async def _pass_on(self, chunks: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
        """Until the empty chunk. What cannot be written is dropped, so that whoever reads is never kept waiting."""
        loop = asyncio.get_running_loop()
        due, chunk = await chunks.get()
        while chunk:
            await asyncio.sleep(due - loop.time())
            await self._open.wait()
            with suppress(OSError):
                writer.write(chunk)
                await writer.drain()
            due, chunk = await chunks.get()
        writer.transport.abort()
