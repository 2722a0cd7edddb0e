"""The store that needs no set-up: a private server on a data directory, shared by all nodes that name the directory."""

import asyncio
import logging
import os
import sys
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote

from nsredis.core.backoff import backoff_s
from nsredis.registry.cancellation import end_task
from nsredis.registry.file_lock import FileLock
from nsredis.registry.private_server import Access, PrivateServer, ServerFailed
from nsredis.registry.server_binary import NoServerBinary, ServerBinary, find_server

log = logging.getLogger(__name__)

ANSWER_S: Final = 60.0
"""How long a server may take to read its file before the start counts as failed."""

POLL_S: Final = 0.1
PING_S: Final = 1.5
SOCKET_PATH_MAX: Final = 100
"""The kernel takes 107 bytes on Linux, 103 elsewhere."""


class EmbeddedStore:
    """A real server under `data_dir`. One process owns it and starts it; others attach, and one of them takes over.

    Who holds `owner.lock` owns it. The url stays good when the owner changes: same socket, same password. Use it from
    one event loop, on a thread that lives as long as the store.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir.absolute() / "store"
        self._owner = FileLock(self._folder / "owner.lock")
        self._server: PrivateServer | None = None
        self._binary: ServerBinary | None = None
        self._directory: int | None = None
        self._watch: asyncio.Task[None] | None = None
        self.fresh = False
        """Whether `start` created an empty store."""

    @property
    def owned(self) -> bool:
        """Whether this process started the server and will end it."""
        return self._owner.held

    @property
    def server_pid(self) -> int | None:
        """The server's process id, when this process owns it."""
        return self._server.pid if self._server else None

    @property
    def description(self) -> str:
        """What the store is and where, in words."""
        what = str(self._binary) if self.owned and self._binary else "the server of another process"
        return f"{what} in {self._folder}"

    @property
    def url(self) -> str:
        """How to reach the server; to be asked for after `start`."""
        access = Access.read(self._folder / "store.json")
        if access is None:
            raise ServerFailed(f"{self._folder / 'store.json'} is missing or damaged")
        if (path := self._socket_path()) is None:
            return f"redis://:{access.password}@127.0.0.1:{access.port}/0"
        return f"unix://:{access.password}@{quote(path)}"

    def _socket_path(self) -> str | None:
        """The socket's name, by way of the open folder where its full name is too long for a socket's."""
        path = str(self._folder / "store.sock")
        if len(os.fsencode(path)) <= SOCKET_PATH_MAX:
            return path
        return f"/proc/self/fd/{self._directory}/store.sock" if sys.platform == "linux" else None

    async def start(self) -> None:
        """Start the server or attach to the one that runs. Raises ServerFailed or NoServerBinary."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._directory = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            await self._own_or_attach()
        except OSError as error:
            await self.stop()
            raise ServerFailed(f"cannot keep data in {self._folder}: {error.strerror}") from error
        except BaseException:
            await self.stop()
            raise
        self._watch = asyncio.create_task(self._keep_running())

    async def _own_or_attach(self) -> None:
        deadline = time.monotonic() + ANSWER_S
        while not self._owner.try_acquire():
            if await self._answers():
                return
            if time.monotonic() > deadline:
                raise ServerFailed(f"another process owns {self._folder}, but its server does not answer")
            await asyncio.sleep(POLL_S)
        self.fresh = not any((self._folder / "appendonlydir").glob("*"))
        await self._run_server()

    async def _run_server(self) -> None:
        """Start the server as its owner and wait until it answers."""
        if self._binary is None:
            self._binary = await asyncio.to_thread(find_server)
        self._server = PrivateServer(self._folder, self._binary)
        await self._server.start()
        deadline = time.monotonic() + ANSWER_S
        while not await self._answers():
            if not self._server.running:
                raise ServerFailed(f"{self._binary} does not run in {self._folder}: {self._server.last_words()}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self._binary} in {self._folder} does not answer: {self._server.last_words()}")
            await asyncio.sleep(0.01)

    def _last_words(self) -> str:
        return self._server.last_words() if self._server else "it never ran here"

    async def _answers(self) -> bool:
        """Whether the server answers now. Spoken by hand: it is asked while the server starts, and often cancelled."""
        access = Access.read(self._folder / "store.json")
        if access is None:
            return False
        try:
            async with asyncio.timeout(PING_S):
                reader, writer = await self._connect(access)
                try:
                    writer.write(f"AUTH {access.password}\r\nPING\r\n".encode())
                    return await reader.readline() == b"+OK\r\n" and await reader.readline() == b"+PONG\r\n"
                finally:
                    writer.transport.abort()
        except (OSError, TimeoutError):
            return False

    async def _connect(self, access: Access) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if (path := self._socket_path()) is None:
            return await asyncio.open_connection("127.0.0.1", access.port)
        return await asyncio.open_unix_connection(path)

    async def _keep_running(self) -> None:
        """Start the server again when it ends, and take over when its owner ends."""
        failures = 0
        while True:
            await asyncio.sleep(max(POLL_S, backoff_s(failures, 1.0, first_s=0.25, top_s=5.0)))
            try:
                if self.owned:
                    if self._server is not None and self._server.running:
                        failures = 0
                        continue
                    log.error("the store's server ended and is started again: %s", self._last_words())
                elif not self._owner.try_acquire():
                    continue
                else:
                    log.warning("the process that ran the store has ended: this one runs it from now on")
                await self._run_server()
            except (ServerFailed, NoServerBinary, OSError) as error:
                failures += 1
                log.error("the store's server cannot be started: %s", error)  # noqa: TRY400 - one line says it
                await self._let_go()  # another process may be able to

    async def _let_go(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()
        self._owner.release()

    async def stop(self) -> None:
        """End the server if this process owns it; everything acknowledged is then on disk."""
        watch, self._watch = self._watch, None
        if watch is not None:
            await end_task(watch)
        await self._let_go()
        directory, self._directory = self._directory, None
        if directory is not None:
            os.close(directory)
