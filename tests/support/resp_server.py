"""A server that speaks Redis' protocol and says what a test wants: for answers that real servers give for a moment."""

import asyncio
from collections.abc import Callable
from typing import Final

Answer = Callable[[list[str]], bytes | None]
"""From the words of a command to the bytes of its reply; None: no reply ever."""

HELLO: Final = b"*6\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:2\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"


def texts(*words: str) -> bytes:
    """A list of texts."""
    return f"*{len(words)}\r\n".encode() + b"".join(f"${len(word)}\r\n{word}\r\n".encode() for word in words)


class RespServer:
    """Listens on a loopback port. Greetings are answered by itself, all else by `answer`."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.heard: list[list[str]] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "RespServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := await reader.readline():
                words = []
                for _ in range(int(head[1:])):
                    size = int((await reader.readline())[1:])
                    words.append((await reader.readexactly(size + 2))[:-2].decode())
                reply = self._reply(words)
                if reply is not None:
                    writer.write(reply)
        finally:
            self._writers.discard(writer)
            writer.close()

    def _reply(self, words: list[str]) -> bytes | None:
        if words[0] == "HELLO":
            return HELLO
        if words[0] == "CLIENT":
            return b"+OK\r\n"
        self.heard.append(words)
        return self.answer(words)

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)
