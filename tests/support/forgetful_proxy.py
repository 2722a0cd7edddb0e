"""A TCP proxy that loses answers on some connections, while requests still arrive: a network that is broken one way."""

import asyncio
from contextlib import suppress
from typing import Self

KEPT = 4096
"""Bytes of what was said that are looked at."""


class ForgetfulProxy:
    """Passes bytes to `target` (host and port) and back.

    Once `forget` was called, what the target says is lost on each connection on which one of those words was said to
    it lately. Nobody is told: connections stay open.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._words: tuple[bytes, ...] = ()
        self.lost = 0
        """Answers lost, as they were read."""
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1")
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()

    def forget(self, *words: bytes) -> None:
        """From now on lose answers on connections on which one of these is said; on none without words."""
        self._words = words

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = bytearray()
        with suppress(OSError):
            other_reader, other_writer = await asyncio.open_connection(*self._target)
            self._writers |= {writer, other_writer}
            there = self._pass(reader, other_writer, said, back=False)
            back = self._pass(other_reader, writer, said, back=True)
            await asyncio.gather(there, back)
            self._writers -= {writer, other_writer}
        writer.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytearray, *, back: bool
    ) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65536):
                if not back:
                    said[:] = (said + chunk)[-KEPT:]
                elif any(word in said for word in self._words):
                    self.lost += 1
                    continue
                writer.write(chunk)
                await writer.drain()
        writer.transport.abort()
