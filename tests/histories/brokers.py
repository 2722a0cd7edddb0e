"""Brokers that do what their plan says, and beat in between."""

import asyncio
import socket
from collections import Counter
from contextlib import suppress
from typing import Final

from tests.histories.ground import Ground, NodePlace
from tests.histories.lines import Call, Member
from tests.histories.plan import BrokerPlan, Step
from tests.histories.recorder import Recorder
from tests.histories.voices import HttpVoice, RemotingVoice, Voice
from tests.support.ports import free_port

BEATS_A_LEASE: Final = 4
RETRY_S: Final = 0.1


class Port:
    """A broker's listening port: who connects is let go at once. While it refuses, it is kept from others."""

    def __init__(self) -> None:
        self._port = free_port()
        self._server: asyncio.Server | None = None
        self._kept: socket.socket | None = self._keep()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def _keep(self) -> socket.socket:
        """A socket that is bound and does not listen: connections are refused."""
        kept = socket.socket()
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", self._port))
        return kept

    async def open(self) -> None:
        """Listen; nothing when it does."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
            self._server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", self._port)

    def close(self) -> None:
        """From now on it refuses."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._kept = self._keep()

    def give_up(self) -> None:
        """It is anybody's."""
        self.close()
        if self._kept is not None:
            self._kept.close()


class BrokerActor:
    """One broker. `numbers` counts the registrations of each group, over all runs on one ground."""

    def __init__(
        self, plan: BrokerPlan, ground: Ground, recorder: Recorder, numbers: Counter[str], instances: Counter[str]
    ) -> None:
        self._plan = plan
        self._ground = ground
        self._recorder = recorder
        self._numbers = numbers
        self._instances = instances
        self._port = Port()
        self._voice: Voice = self._new_voice()
        self._node = plan.id + sum(plan.name.encode())
        self._epoch = 0
        self._alive = False
        self._late: set[asyncio.Task[None]] = set()

    def _new_voice(self) -> Voice:
        kind = RemotingVoice if self._plan.remoting else HttpVoice
        return kind(self._plan, self._port.address, self._recorder)

    async def run(self) -> None:
        """Do the plan's steps and beat, until cancelled."""
        plan = self._plan
        self._recorder.keep(Member(plan.broker, plan.cluster, plan.role, plan.lease_s))
        try:
            for step in plan.steps:
                await self._beat_until(step.at)
                await self._do(step)
            await self._beat_until(float("inf"))
        finally:
            for task in self._late:
                task.cancel()
            self._port.give_up()
            await self._voice.close()

    async def _beat_until(self, at: float) -> None:
        while (left_s := at - self._recorder.now()) > 0:
            if not self._alive:
                await asyncio.sleep(min(left_s, 1.0))
                continue
            await asyncio.sleep(min(left_s, self._plan.lease_s / BEATS_A_LEASE))
            if self._recorder.now() < at:
                await self._beat()

    async def _do(self, step: Step) -> None:
        match step.act:
            case "register":
                if not self._alive:
                    await self._reborn(step.late)
                if self._plan.id == 0:
                    self._numbers[self._plan.name] += 1
                await self._register()
            case "silence":
                self._mark("silence", port_closes=step.port_closes)
                self._alive = False
                if step.port_closes:
                    self._port.close()
                    await self._voice.close()
            case "speak":
                self._mark("speak")
                self._alive = True
                await self._beat()
            case "leave":
                self._alive = False
                await self._voice.leave(self._place, self._epoch)

    def _mark(self, verb: str, **args: bool) -> None:
        now = self._recorder.now()
        self._recorder.keep(
            Call(self._plan.broker, "", "", verb, {"broker": self._plan.broker, **args}, now, now, "ok")
        )

    async def _reborn(self, late_s: float) -> None:
        """A new incarnation; the old one may speak once more."""
        await self._port.open()
        self._instances[self._plan.broker] += 1
        if late_s and self._epoch:
            task = asyncio.create_task(self._speak_late(late_s, self._epoch))
            self._late.add(task)
            task.add_done_callback(self._late.discard)

    async def _speak_late(self, late_s: float, epoch: int) -> None:
        await asyncio.sleep(late_s)
        voice = HttpVoice(self._plan, self._port.address, self._recorder, late=True)
        with suppress(asyncio.CancelledError):
            await voice.beat(self._place, epoch)
            await voice.leave(self._place, epoch)
        await voice.close()

    @property
    def _place(self) -> NodePlace:
        return self._ground.nodes[self._node % len(self._ground.nodes)]

    async def _register(self) -> None:
        number, instance = self._numbers[self._plan.name], self._instances[self._plan.broker]
        while True:
            call, epoch = await self._voice.register(self._place, number, instance)
            if call.ok:
                self._epoch, self._alive = epoch, True
                return
            self._node += 1
            await asyncio.sleep(RETRY_S)

    async def _beat(self) -> None:
        for _ in self._ground.nodes:
            call = await self._voice.beat(self._place, self._epoch)
            if call.ok:
                return
            if call.status in (404, 409) or "broker-not-found" in call.code:
                await self._register()
                return
            self._node += 1
