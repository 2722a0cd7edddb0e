"""A server that does nothing but answer: the limit of a Python server on this loop.

python -m nsredis.bench.peers.echo PORT REQUEST_SIZE ANSWER_FILE
"""

import asyncio
import sys
from pathlib import Path
from typing import cast

from nsredis.bench.load.plan import Plan, Protocol, Request
from nsredis.bench.peers.process import ServerProcess, free_port, own_environ
from nsredis.bench.peers.python_server import run


class Echo(asyncio.Protocol):
    """Answers every `size` bytes with the same bytes; all that came in one read in one write."""

    def __init__(self, size: int, answer: bytes) -> None:
        self._size = size
        self._answer = answer
        self._rest = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember how to write."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer what is whole."""
        count, self._rest = divmod(self._rest + len(data), self._size)
        if count == 1:
            self._transport.write(self._answer)
        elif count:
            self._transport.writelines([self._answer] * count)


class EchoServer(ServerProcess):
    """The process, for one pair of sizes."""

    def __init__(self, folder: Path, cores: frozenset[int], request: bytes, answer: bytes) -> None:
        port = free_port()
        file = folder / f"echo-{port}"
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(answer)
        command = [sys.executable, "-m", "nsredis.bench.peers.echo", str(port), str(len(request)), str(file)]
        self.about = "asyncio.Protocol that answers the same bytes, same loop and sizes as nsredis, nothing parsed"
        self.plan = Plan(Protocol.FIXED, [[Request(request, answer)]])
        super().__init__("echo", command, folder, cores, port=port, environ=own_environ())
        self.wait_listening()


def main(port: str, size: str, file: str) -> None:
    """Serve."""
    answer = Path(file).read_bytes()

    async def serve() -> object:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Echo(int(size), answer), "127.0.0.1", int(port))

    run(serve)


if __name__ == "__main__":
    main(*sys.argv[1:])
