"""One node: its parts put together from settings, started and stopped in order."""

import asyncio
import logging
import random
import socket
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from nsredis import __version__
from nsredis.core.errors import NsredisError
from nsredis.core.node_info import NodeInfo
from nsredis.http_api.app import build_app
from nsredis.http_api.bodies import BodyLimits
from nsredis.http_api.server import HttpServer
from nsredis.metrics import Gauges, Metrics
from nsredis.registry.admin_store import AdminStore
from nsredis.registry.broker_store import BrokerStore
from nsredis.registry.cancellation import end_task
from nsredis.registry.change_feed import ChangeFeed
from nsredis.registry.embedded import EmbeddedStore
from nsredis.registry.expiry_hints import ExpiryHints
from nsredis.registry.keyspace import Keyspace
from nsredis.registry.link import StoreLink, open_link
from nsredis.registry.presence import Presence
from nsredis.registry.restore import Restorer
from nsredis.registry.runner import ScriptRunner
from nsredis.registry.snapshot import SnapshotReader
from nsredis.registry.store_checks import StoreChecks
from nsredis.registry.sweeper import Sweeper
from nsredis.service.admin_service import AdminService
from nsredis.service.broker_service import BrokerService
from nsredis.service.doors import Services
from nsredis.service.node_service import NodeService
from nsredis.service.own_writes import OwnWrites
from nsredis.service.query_service import QueryService
from nsredis.settings import Settings, host_port
from nsredis.view.follower import Follower
from nsredis.view.view import View

log = logging.getLogger(__name__)

ANY_HOST: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - told apart, not listened on
LEAVE_S: Final = 2.0


class Node:
    """A name server node in this process. Start it once, stop it once; both on one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store_description = ""
        self.http_address = ""
        self._started_at_ms = int(time.time() * 1000)
        self._metrics = Metrics()
        self._view = View(self._metrics)
        self._embedded: EmbeddedStore | None = None
        self._link: StoreLink | None = None
        self._server: HttpServer | None = None
        self._presence: Presence | None = None
        self._nodes: NodeService | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start to listen and to follow the store; ready is later, and /readyz says why not yet.

        OSError when the address cannot be listened on; ServerFailed or NoServerBinary when there is no embedded store.
        """
        settings = self.settings
        url, settle_s = settings.redis, settings.settle_ms / 1000
        if not url:
            self._embedded = EmbeddedStore(settings.data_dir)
            await self._embedded.start()
            url = self._embedded.url
            if self._embedded.fresh:
                settle_s = 0.0  # this process made it empty, so no peer has anything to put back
        self._link = open_link(url, settings.namespace)
        self.store_description = self._embedded.description if self._embedded else self._link.description
        await self._build(self._link, settle_s)

    async def _build(self, link: StoreLink, settle_s: float) -> None:
        settings, view, metrics = self.settings, self._view, self._metrics
        runner = ScriptRunner(link, Keyspace(settings.namespace), metrics)
        feed = ChangeFeed(runner)
        restorer = Restorer(runner, settings.node_id)
        follower = Follower(
            view, feed, SnapshotReader(runner), restorer, metrics, settle_s=settle_s, chance=random.random
        )
        self._presence = Presence(runner, self._describe, self._clock_read)
        self._nodes = NodeService(settings.node_id, view, follower, self._presence)
        store, admin, own_writes = (
            BrokerStore(runner, settings.node_id),
            AdminStore(runner, settings.durability),
            OwnWrites(view),
        )
        services = Services(
            brokers=BrokerService(store, admin, view, own_writes, metrics),
            queries=QueryService(view, feed, lambda: follower.problem),
            admin=AdminService(admin, store, view, own_writes),
            nodes=self._nodes,
        )
        metrics.watch(
            Gauges(
                brokers=services.queries.states,
                revision=lambda: view.revision,
                stale_ms=view.stale_ms,
                ready=lambda: services.nodes.not_ready_reason() is None,
            )
        )
        await self._listen(services)
        sweeper = Sweeper(runner, settings.node_id, random.random)
        link.on_move(metrics.store_moved)
        self._run("primary", link.watch())
        self._run("checks", StoreChecks(runner, settings.durability).run())
        self._run("follow", follower.run())
        self._run("wake", feed.wake_for_ever(random.random))
        self._run("sweep", sweeper.run())
        self._run("hints", ExpiryHints(runner, sweeper.hint, random.random).run())
        self._run("presence", self._presence.run())

    async def _listen(self, services: Services) -> None:
        settings = self.settings
        limits = BodyLimits(settings.max_body_mib << 20, settings.max_inflated_mib << 20)
        app = build_app(services, self._metrics, self._metrics.text, limits=limits, nsaddr=settings.nsaddr)
        self._server = HttpServer(app, drain_s=settings.drain_ms / 1000)
        host, port = await self._server.start(*host_port(settings.http))
        self.http_address = _address(host, port)

    def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a part for as long as the node lives. A part that dies of a fault is told of: it never should."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and task.exception() is not None:
                log.critical("the part %r of this node died", name, exc_info=task.exception())

        task = asyncio.create_task(work, name=name)
        task.add_done_callback(ended)
        self._tasks.append(task)

    def _clock_read(self, offset_ms: int) -> None:
        self._view.clock_offset_ms = offset_ms

    def _describe(self) -> NodeInfo:
        settings, state = self.settings, self._view.state
        return NodeInfo(
            id=settings.node_id,
            http=settings.advertise_http or _reachable(self.http_address),
            remoting=settings.advertise_remoting,
            ready=self._nodes is not None and self._nodes.not_ready_reason() is None,
            revision=self._view.revision,
            tag=state.tag if state is not None else "",
            lag_ms=self._view.stale_ms(),
            version=__version__,
            started_at_ms=self._started_at_ms,
        )

    async def stop(self) -> None:
        """Drain: be unready, let running requests finish, leave the other nodes, close everything."""
        if self._nodes is not None and self._server is not None:
            await self._drain(self._nodes, self._server)
        for task in self._tasks:
            await end_task(task)
        self._tasks.clear()
        if self._presence is not None:
            with suppress(NsredisError, TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._presence.leave()
        if self._link is not None:
            await self._link.close()
        if self._embedded is not None:
            await self._embedded.stop()

    async def _drain(self, nodes: NodeService, server: HttpServer) -> None:
        nodes.drained.set()
        if self._presence is not None and self.settings.drain_wait_ms:
            with suppress(NsredisError):
                await self._presence.announce()  # peers take it off their lists at once
        log.info("going away: finishing what runs")
        await asyncio.sleep(self.settings.drain_wait_ms / 1000)
        self._view.subscriptions.mark_all()  # whoever waits for a change is answered now
        await server.stop()


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reachable(address: str) -> str:
    """The address under which others reach it: this host's name where it listens on every interface."""
    host, _, port = address.rpartition(":")
    return f"{socket.gethostname()}:{port}" if host.strip("[]") in ANY_HOST else address
