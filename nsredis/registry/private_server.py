"""A private Redis or Valkey server as a child process: its folder, its configuration, its start and its end."""

import asyncio
import logging
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import msgspec

from nsredis.registry.file_lock import FileLock
from nsredis.registry.leash import leashed
from nsredis.registry.server_binary import ServerBinary

log = logging.getLogger(__name__)

STOP_S: Final = 10.0
"""How long a server may take to write its file out before it is killed."""

POLL_S: Final = 0.02
LOG_KEPT: Final = 1 << 20
BANNER: Final = ("oO0O", "Redis version=", "Valkey version=", "Configuration loaded", "WARNING")
"""How warnings start that every server writes at its start."""

_WARNING: Final = re.compile(r"\d+:[A-Z] .* # ")

# An append-only file of plain commands can be read by every server, older or newer, Redis or Valkey.
CONFIG: Final = """\
bind 127.0.0.1
port {port}
requirepass {password}
unixsocket store.sock
unixsocketperm 700
dir .
save ""
appendonly yes
appendfsync everysec
aof-use-rdb-preamble no
auto-aof-rewrite-min-size 16mb
notify-keyspace-events Kx
daemonize no
logfile ""
"""


class ServerFailed(Exception):
    """The private server cannot be started; the text is one line that says why."""


class Access(msgspec.Struct):
    """How the server of a folder is reached; kept from start to start, so that links to it survive."""

    port: int
    password: str

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """What is written at `path`; None when nothing readable is."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, path: Path) -> None:
        """Write it for this account alone, at one stroke."""
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with open(draft, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(msgspec.json.encode(self))
        draft.replace(path)


class PrivateServer:
    """The server of one folder. Call `start` from a thread that lives as long as the server: the leash hangs on it."""

    def __init__(self, folder: Path, binary: ServerBinary) -> None:
        self._folder = folder
        self._binary = binary
        self._lock = FileLock(folder / "server.lock")
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def running(self) -> bool:
        """Whether the process that was started still runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id of the server, when one was started."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process, after the end of an older one that still runs in this folder. It may not answer yet."""
        await self._outlive_older()
        try:
            kept = Access.read(self._folder / "store.json")
            access = Access(_usable_port(kept.port if kept else 0), kept.password if kept else secrets.token_hex(16))
            access.write(self._folder / "store.json")
            self._spawn(access)
        finally:
            self._lock.release()  # the server holds it from here on

    async def _outlive_older(self) -> None:
        """Take the server's lock. Where the kernel ends a killed owner's server (Linux), that takes milliseconds."""
        start = time.monotonic()
        while not self._lock.try_acquire():
            waited = time.monotonic() - start
            pid = self._older_pid()
            if waited > STOP_S + 5:
                raise ServerFailed(f"an older server (process {pid}) still runs in {self._folder} and does not end")
            if pid and waited > 0.5:
                _signal(pid, signal.SIGKILL if waited > STOP_S else signal.SIGTERM)
            await asyncio.sleep(POLL_S if waited < 0.5 else 0.25)

    def _older_pid(self) -> int:
        text = (self._folder / "server.lock").read_text()
        return int(text) if text.isdigit() else 0

    def _spawn(self, access: Access) -> None:
        lock = self._lock.descriptor
        path = self._folder / "server.log"
        if path.exists() and path.stat().st_size > LOG_KEPT:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(  # noqa: S603 - a server binary, without a shell
                leashed([str(self._binary.path), "-"], lock),
                cwd=self._folder,  # its files have short names there, however long the folder's name is
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=(lock,),
                start_new_session=True,  # a Ctrl-C in the terminal is for the node, which ends the server last
            )
        assert self._process.stdin is not None, "it is a pipe"
        with suppress(BrokenPipeError), self._process.stdin as config:  # it ended at once: its last words tell why
            config.write(CONFIG.format(port=access.port, password=access.password).encode())

    def last_words(self) -> str:
        """The warnings that the server wrote since this start, in one line."""
        with (self._folder / "server.log").open("rb") as file:
            file.seek(self._log_start)
            lines = file.read(64 * 1024).decode(errors="replace").splitlines()
        warnings = [line.partition(" # ")[2] for line in lines if _WARNING.match(line)]
        telling = [words for words in warnings if not words.startswith(BANNER)]
        return "; ".join((telling or lines)[-3:]) or "it said nothing"

    async def stop(self) -> None:
        """End the server in good order, so that everything is on disk; kill it when it does not end."""
        if self._process is None:
            return
        if self.running:
            self._process.terminate()
        deadline = time.monotonic() + STOP_S
        while self.running and time.monotonic() < deadline:  # noqa: ASYNC110 - a child process has no event
            await asyncio.sleep(POLL_S)
        if self.running:
            log.error("the store's server did not end within %s s and is killed", STOP_S)
            self._process.kill()
        self._process.wait()


def _usable_port(wanted: int) -> int:
    """The wanted loopback port if it can be had, else a free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise ServerFailed("there is no free port on 127.0.0.1")


def _signal(pid: int, what: signal.Signals) -> None:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        pass
    except PermissionError:
        raise ServerFailed(f"a server of another account (process {pid}) runs on this folder") from None
