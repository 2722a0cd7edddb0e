"""The parent of several workers on one pair of ports: starts them, starts again those that die or hang, ends them."""

import asyncio
import dataclasses
import logging
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import click
import msgspec

from nsredis.cli.end_signals import EndSignals
from nsredis.cli.endings import NO_STORE, WRONG_SETTINGS, Listening, failed, stop_limit_s
from nsredis.cli.pulses import BEAT, BEAT_S, SILENT_S, Pulses
from nsredis.core.backoff import backoff_s
from nsredis.registry.cancellation import end_task
from nsredis.registry.embedded import EmbeddedStore
from nsredis.registry.leash import leashed
from nsredis.settings import PREFIX, Settings, as_environment, host_port
from nsredis.sockets.accepting import reserve

log = logging.getLogger(__name__)

CRASHED: Final = 1

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 10.0
STEADY_S: Final = 30.0
"""One that has listened for so long and dies is started again without much of a pause."""


class WorkerFailed(Exception):
    """A worker ended before it listened, at the start of all. `code`: how; it has said why where it could."""

    def __init__(self, number: int, code: int) -> None:
        super().__init__(f"worker {number} {ending(code)} before it listened")
        self.code = code


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


class Worker:
    """One worker: a process, and after its death another one."""

    def __init__(self, number: int, settings: Settings, pulses: Pulses) -> None:
        self.number = number
        self._settings = settings
        self._pulses = pulses
        self._starts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._hearing: asyncio.Task[None] | None = None

    async def start(self, *, settle: bool = True) -> Listening | None:
        """Start a process and wait until it listens; None when it ended before.

        `settle`: whether it waits before it opens an empty store.
        """
        settings = self._settings if settle else dataclasses.replace(self._settings, settle_ms=0)
        environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._starts += 1
        self._process = await asyncio.create_subprocess_exec(
            *leashed([sys.executable, "-m", "nsredis.cli.worker", str(self.number), str(self._starts)]),
            env=environ | as_environment(settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C in the terminal is for the parent, which passes it on
        )
        self._pulses.started(self.number, time.monotonic())
        said = asyncio.get_running_loop().create_future()
        self._hearing = asyncio.create_task(self._hear(self._process, said), name=f"hear worker {self.number}")
        first = await said
        return msgspec.json.decode(first, type=Listening) if first else None

    async def _hear(self, process: asyncio.subprocess.Process, said: "asyncio.Future[bytes]") -> None:
        """Listen to a process until its end. `said`: the line that is no beat; empty when none came."""
        assert process.stdout is not None, "it is a pipe"
        while line := await process.stdout.readline():
            self._pulses.heard(self.number, time.monotonic())
            if line != BEAT and not said.done():
                said.set_result(line)
        if not said.done():
            said.set_result(b"")

    async def ended(self) -> int:
        """Wait for the end of its process; the exit code."""
        code = await self._process.wait() if self._process is not None else 0
        self._pulses.ended(self.number)
        return code

    def signal(self, number: int) -> None:
        """Send its process a signal, if it runs."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def keep(self) -> None:
        """Start it again whenever it ends, for ever."""
        failures = 0
        while True:
            started = time.monotonic()
            code = await self.ended()
            failures = 1 if time.monotonic() - started >= STEADY_S else failures + 1
            log.error("worker %d %s and is started again", self.number, ending(code))
            chance = random.random()  # noqa: S311 - no secret
            await asyncio.sleep(backoff_s(failures, chance, first_s=FIRST_PAUSE_S, top_s=LONGEST_PAUSE_S))
            try:
                await self.start()
            except OSError as error:  # no memory, no process: as if it had ended at once
                log.error("worker %d cannot be started: %s", self.number, error.strerror)  # noqa: TRY400 - it says why


class Workers:
    """All workers of one `nsredis serve`, and what they share: ports and, without a URL, the private store."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = EmbeddedStore(settings.data_dir) if not settings.redis else None
        self._reserved: list[socket.socket] = []
        self._workers: list[Worker] = []
        self._pulses = Pulses(time.monotonic())
        self._keeping: list[asyncio.Task[None]] = []

    async def run(self, announce: Callable[[Listening], None]) -> int:
        """Run them until a signal; the exit code. `announce` is called once they listen."""
        signals = EndSignals(at_once=lambda: self._signal(signal.SIGTERM))
        watching = asyncio.create_task(self._kill_silent(), name="pulses")
        starting = asyncio.create_task(self._start())
        try:
            await signals.or_done(starting)
            if starting.done() and signals.first is None:
                announce(starting.result())
                await signals.wait()
        except WorkerFailed as error:
            if error.code not in (WRONG_SETTINGS, NO_STORE):  # with these it has said why itself
                click.echo(f"nsredis: {error}", err=True)
            return error.code if error.code > 0 else CRASHED
        except Exception as error:
            if (code := failed(self._settings, error)) is None:
                raise
            return code
        finally:
            await end_task(starting)
            await self._stop()
            await end_task(watching)
        return 0

    async def _start(self) -> Listening:
        """Start them: one alone, which would tell what is wrong for all, and then the others."""
        settings = await self._with_ports()
        if self._store is not None:
            await self._store.start()
        fresh = self._store is not None and self._store.fresh  # made empty just now: nobody has anything to put back
        for number in range(1, settings.workers + 1):
            mine = dataclasses.replace(settings, node_id=worker_id(settings, number))
            worker = Worker(number, mine, self._pulses)
            self._workers.append(worker)
        first, *others = self._workers
        listening = await _started(first, settle=not fresh)
        await asyncio.gather(*(_started(other, settle=not fresh) for other in others))
        for worker in self._workers:
            self._keeping.append(asyncio.create_task(worker.keep(), name=f"worker {worker.number}"))
        if self._store is not None:
            listening.store = self._store.description
        return listening

    async def _with_ports(self) -> Settings:
        """The settings with the ports that are reserved for the workers."""
        places: dict[str, str] = {}
        for name, address in (("http", self._settings.http), ("remoting", self._settings.remoting)):
            reserved = await reserve(*host_port(address))
            self._reserved += reserved
            places[name] = f"{address.rpartition(':')[0]}:{reserved[0].getsockname()[1]}"
        return dataclasses.replace(self._settings, **places)  # type: ignore[arg-type]  # they are texts, as these are

    async def _kill_silent(self) -> None:
        """End workers that hang, for ever; their keepers start them again."""
        while True:
            await asyncio.sleep(BEAT_S)
            silent = self._pulses.silent(time.monotonic())
            for worker in self._workers:
                if worker.number in silent:
                    log.error("worker %d hangs: it said nothing for %g s, and is killed", worker.number, SILENT_S)
                    worker.signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        for worker in self._workers:
            worker.signal(number)

    async def _stop(self) -> None:
        """Let all workers drain, and end the store last."""
        for task in self._keeping:
            await end_task(task)
        self._signal(signal.SIGTERM)
        limit_s = stop_limit_s(self._settings)
        try:
            async with asyncio.timeout(limit_s):
                await asyncio.gather(*(worker.ended() for worker in self._workers))
        except TimeoutError:
            log.error("workers did not stop within %s s and are killed", limit_s)  # noqa: TRY400 - the trace tells nothing
            self._signal(signal.SIGKILL)
        if self._store is not None:
            await self._store.stop()
        for sock in self._reserved:
            sock.close()


async def _started(worker: Worker, *, settle: bool) -> Listening:
    listening = await worker.start(settle=settle)
    if listening is None:
        raise WorkerFailed(worker.number, await worker.ended())
    return listening


def worker_id(settings: Settings, number: int) -> str:
    """What a worker's node calls itself."""
    return f"{settings.node_id}-{number}"
