"""One node: its parts put together from settings, started and stopped in order."""

import asyncio
import logging
import random
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from nsredis import __version__
from nsredis.core.errors import NsredisError
from nsredis.core.node_info import NodeInfo
from nsredis.listening import FrontDoors
from nsredis.metrics import Gauges, Metrics
from nsredis.registry.admin_store import AdminStore
from nsredis.registry.broker_store import BrokerStore
from nsredis.registry.cancellation import end_task
from nsredis.registry.change_feed import ChangeFeed
from nsredis.registry.embedded import EmbeddedStore
from nsredis.registry.expiry_hints import ExpiryHints
from nsredis.registry.keyspace import Keyspace
from nsredis.registry.lease_audit import LeaseAudit
from nsredis.registry.link import StoreLink, open_link
from nsredis.registry.presence import Presence
from nsredis.registry.restore import Restorer
from nsredis.registry.runner import ScriptRunner
from nsredis.registry.snapshot import SnapshotReader
from nsredis.registry.store_checks import StoreChecks
from nsredis.registry.sweeper import Sweeper
from nsredis.remoting.notices import MinIdNotices
from nsredis.service.admin_service import AdminService
from nsredis.service.broker_service import BrokerService
from nsredis.service.convergence_service import ConvergenceService
from nsredis.service.cut_off_watch import CutOffWatch
from nsredis.service.doors import Services
from nsredis.service.explain_service import ExplainService
from nsredis.service.held_probes import HeldProbes
from nsredis.service.node_service import NodeService
from nsredis.service.own_writes import OwnWrites
from nsredis.service.probe import TcpProbe
from nsredis.service.query_service import QueryService
from nsredis.service.suspects import Suspects
from nsredis.settings import Settings
from nsredis.view.follower import Follower
from nsredis.view.saved_view import SavedView
from nsredis.view.view import View

log = logging.getLogger(__name__)

LEAVE_S: Final = 2.0
LOOK_S: Final = 0.02

BEFORE_SENDING_AWAY: Final = 2 / 3
"""The part of the wait after which clients that ask are told to go: those that ask within the rest go by themselves,
and have no request under way when connections are closed."""


class Node:
    """A name server node in this process. Start it once, stop it once; both on one event loop."""

    def __init__(self, settings: Settings, *, first: bool = True, ready_first_s: float = 0.0, starts: int = 0) -> None:
        """`first`: whether it does what one does for several at one address: save its view, which all read, and warn of
        what is wrong with the store. `ready_first_s`: how long it may wait until it is ready before it listens, for one
        that shares its addresses with others that are. `starts`: how often a parent has started it, for the metrics.
        """
        self.settings = settings
        self.store_description = ""
        self._started_at_ms = int(time.time() * 1000)
        self._first = first
        self._ready_first_s = ready_first_s
        self._metrics = Metrics(settings.node_id if settings.workers > 1 else "", starts)
        self._view = View(self._metrics)
        self._embedded: EmbeddedStore | None = None
        self._link: StoreLink | None = None
        self._doors: FrontDoors | None = None
        self._presence: Presence | None = None
        self._nodes: NodeService | None = None
        self._suspects: Suspects | None = None
        self._saved: SavedView | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def http_address(self) -> str:
        """Where the HTTP API listens; empty before the start."""
        return self._doors.http_address if self._doors is not None else ""

    @property
    def remoting_address(self) -> str:
        """Where the remoting protocol is spoken; empty before the start."""
        return self._doors.remoting_address if self._doors is not None else ""

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
        sweeper = Sweeper(runner, settings.node_id, random.random, lambda: services.queries.position)
        saved = self._saved = self._saved_view(link)
        follower = Follower(
            view,
            feed,
            SnapshotReader(runner),
            restorer,
            sweeper.sweep,
            metrics,
            settle_s=settle_s,
            chance=random.random,
            load_saved=saved.load if saved is not None else None,
        )
        self._presence = Presence(runner, self._describe, self._clock_read)
        watch = CutOffWatch(settings.node_id, sweeper, self._presence, metrics)
        self._nodes = NodeService(settings.node_id, view, follower, self._presence, watch)
        store, own_writes = BrokerStore(runner, settings.node_id), OwnWrites(view)
        admin = AdminStore(runner, settings.durability)
        probe = TcpProbe() if settings.probe_brokers else None
        self._suspects = Suspects(store, probe, view, metrics)
        services = Services(
            brokers=BrokerService(store, admin, view, own_writes, metrics),
            queries=QueryService(view, feed, lambda: follower.problem),
            admin=AdminService(admin, store, view, own_writes, feed),
            nodes=self._nodes,
            suspects=self._suspects,
            explain=ExplainService(view, self._nodes),
            convergence=ConvergenceService(view, feed, self._presence),
        )
        metrics.watch(
            Gauges(
                brokers=services.queries.states,
                held=services.queries.held_by_cluster,
                revision=lambda: view.revision,
                stale_ms=view.stale_ms,
                ready=lambda: services.nodes.not_ready_reason() is None,
                cut_off=lambda: watch.cut_off,
                writable=lambda: sweeper.writable,
                nodes=lambda: {"live": len(services.nodes.nodes()), "lost": len(services.nodes.lost())},
            )
        )
        self._doors = FrontDoors(settings, metrics, self.store_description)
        if not self._ready_first_s:
            await self._doors.open(services)
        watch.on_cut_off = self._doors.send_brokers_away
        link.on_move(metrics.store_moved)
        self._run("primary", link.watch())
        level = logging.WARNING if self._first else logging.DEBUG
        self._run("checks", StoreChecks(runner, settings.durability, level=level).run())
        self._run("follow", follower.run())
        self._run("wake", feed.wake_for_ever(random.random))
        self._run("sweep", sweeper.run())
        self._run("hints", ExpiryHints(runner, sweeper.hint, random.random).run())
        self._run("audit", LeaseAudit(runner, view.confirmed_brokers, random.random).run())
        self._run("cut off", watch.run())
        self._run("notices", MinIdNotices(services.queries).run())
        if saved is not None and self._first:
            self._run("save", saved.run(view))
        if probe is not None:
            self._run("held", HeldProbes(store, probe, self._suspects, view, metrics).run())
        if self._ready_first_s:
            await self._become_ready(self._nodes, self._ready_first_s)
            await self._doors.open(services)
        self._run("presence", self._presence.run())  # which tells where the doors are

    @staticmethod
    async def _become_ready(nodes: NodeService, within_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while nodes.not_ready_reason() is not None:  # noqa: ASYNC110 - it happens once in a life
                    await asyncio.sleep(LOOK_S)

    def _saved_view(self, link: StoreLink) -> SavedView | None:
        settings = self.settings
        if not settings.snapshot_max_age_ms:
            return None
        store = link.description if self._embedded is None else "private"
        return SavedView(
            settings.data_dir,
            settings.namespace,
            store,
            max_age_ms=settings.snapshot_max_age_ms,
            observer=self._metrics,
        )

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
        state = self._view.state
        http, remoting = self._doors.advertised() if self._doors is not None else ("", "")
        return NodeInfo(
            id=self.settings.node_id,
            http=http,
            remoting=remoting,
            ready=self._nodes is not None and self._nodes.not_ready_reason() is None,
            revision=self._view.revision,
            tag=state.tag if state is not None else "",
            lag_ms=self._view.stale_ms(),
            version=__version__,
            started_at_ms=self._started_at_ms,
        )

    async def stop(self) -> None:
        """Drain: be unready, let running requests finish, leave the other nodes, close everything."""
        if self._nodes is not None and self._doors is not None:
            await self._drain(self._nodes, self._doors)
        if self._saved is not None and self._first:
            await self._saved.save(self._view)
        for task in self._tasks:
            await end_task(task)
        self._tasks.clear()
        if self._doors is not None:
            await self._doors.close()
        if self._presence is not None:
            with suppress(NsredisError, TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._presence.leave()
        if self._link is not None:
            await self._link.close()
        if self._embedded is not None:
            await self._embedded.stop()

    async def _drain(self, nodes: NodeService, doors: FrontDoors) -> None:
        nodes.drained.set()
        if self._presence is not None and self.settings.drain_wait_ms:
            with suppress(NsredisError):
                await self._presence.announce()  # peers take it off their lists at once
        if self._tasks:  # else it never began
            log.info("going away: finishing what runs")
            wait_s = self.settings.drain_wait_ms / 1000
            await asyncio.sleep(wait_s * BEFORE_SENDING_AWAY)
            doors.send_away()  # to where the balancer by now sends them
            await asyncio.sleep(wait_s * (1 - BEFORE_SENDING_AWAY))
        if self._suspects is not None:
            await self._suspects.close()  # connections that close from here on are closed by this node
        self._view.subscriptions.mark_all()  # whoever waits for a change is answered now
        await doors.drain()
