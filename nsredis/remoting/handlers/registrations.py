"""Registrations: codes 103 and 104, and 217, which adds a topic to groups that are registered."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from nsredis.core.brokers import BrokerKey, DataVersion, Registered, Registration
from nsredis.core.errors import InvalidField, StaleEpoch
from nsredis.core.leases import check_lease_ms
from nsredis.core.queues import QueueData
from nsredis.core.routes import ORDER_NAMESPACE
from nsredis.remoting.bindings import Bindings
from nsredis.remoting.handlers.call import AnswerLater, Call
from nsredis.remoting.handlers.parameters import broker_id, flag, optional, required, whole_number
from nsredis.remoting.topic_body import Outlines, RemotingTopics
from nsredis.service.doors import Services
from nsredis.wire import bodies
from nsredis.wire.codes import RequestCode, ResponseCode
from nsredis.wire.commands import Command
from nsredis.wire.registration import body_crc

log = logging.getLogger(__name__)

TIMEOUT: Final = "heartbeatTimeoutMillis"
FACTS_KEPT: Final = 20_000
WARNED_KEPT: Final = 10_000
LOOPBACK: Final = ("127.", "localhost:", "[::1]:")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is remembered of a body that was read once: enough for as long as it comes unchanged."""

    data_version: DataVersion
    filter_servers: tuple[str, ...] | None
    topics: int
    static: bool


class Registrations:
    """Translates registrations; an unchanged body is known by its digest, and is neither inflated nor decoded."""

    def __init__(self, bindings: Bindings, *, max_inflated: int) -> None:
        self._bindings = bindings
        self._max_inflated = max_inflated
        self._outlines = Outlines()
        self._facts: dict[str, Facts] = {}
        self._warned: set[tuple[BrokerKey, str]] = set()
        self.later: Final[dict[int, AnswerLater]] = {
            RequestCode.REGISTER_BROKER: self.register,
            RequestCode.UNREGISTER_BROKER: self.unregister,
            RequestCode.REGISTER_TOPIC_IN_NAMESRV: self.register_topic,
        }

    async def register(self, call: Call) -> Command:
        """Register a broker, or refresh it with new data."""
        request, services = call.request, call.services
        crc = whole_number(request, "bodyCrc32", 0)
        if crc and crc != body_crc(request.body):
            return call.refused(ResponseCode.SYSTEM_ERROR, "crc32 not match")
        settings = services.queries.settings
        key = BrokerKey(required(request, "brokerName"), broker_id(request))
        may_replace = settings.delete_topic_with_broker_registration
        topics = RemotingTopics(
            request.body,
            request.version,
            compressed=flag(request, "compressed"),
            max_inflated=self._max_inflated,
            broker=key,
            outlines=self._outlines,
        )
        facts = await self._facts_of(topics, services, {} if may_replace else services.brokers.topics_of(key.name))
        replaces = may_replace and not facts.static and facts.topics > 1
        if facts.topics == 1 and not await services.brokers.is_registered(key):
            # An addition that came before the first whole table would be taken for the whole table.
            return call.refused(ResponseCode.SYSTEM_ERROR, "register broker failed")
        registration = Registration(
            cluster=required(request, "clusterName"),
            name=key.name,
            id=key.id,
            address=required(request, "brokerAddr"),
            ha_address=optional(request, "haServerAddr"),
            data_version=facts.data_version,
            lease_ms=check_lease_ms(TIMEOUT, whole_number(request, TIMEOUT, settings.remoting_lease_ms)),
            zone=optional(request, "__ZONE_NAME"),
            acting_master=flag(request, "enableActingMaster"),
            filter_servers=facts.filter_servers,
            topics=topics,
            replaces_table=replaces,
            foreign=True,
        )
        outcome = await services.brokers.register(registration, by=call.by)
        topics.accepted()
        self._bindings.bind(key, call.peer)
        services.suspects.registered(key, registration.address, outcome.epoch)
        if outcome.created:
            self._look_at_address(call, registration)
        return self._registered(call, outcome)

    async def _facts_of(self, topics: RemotingTopics, services: Services, known: Mapping[str, QueueData]) -> Facts:
        facts = self._facts.get(topics.digest)
        if facts is None:
            work = partial(topics.read, known)
            read = await (asyncio.to_thread(work) if topics.may_be_huge else services.brokers.slices.run(work))
            if len(self._facts) >= FACTS_KEPT:
                self._facts.clear()
            facts = Facts(read.data_version, read.filter_servers, len(read.topics), bool(read.mappings))
            self._facts[topics.digest] = facts
        return facts

    def _registered(self, call: Call, outcome: Registered) -> Command:
        ext = {}
        if outcome.master_address:
            ext = {"haServerAddr": outcome.master_ha_address, "masterAddr": outcome.master_address}
        queries = call.services.queries
        order = (
            queries.namespace_or_empty(ORDER_NAMESPACE) if queries.settings.return_order_topic_config_to_broker else []
        )
        return call.done(ext=ext, body=bodies.kv_table({entry.key: entry.value for entry in order}) if order else None)

    def _look_at_address(self, call: Call, r: Registration) -> None:
        """Warn once of an address that others can hardly use."""
        if (r.key, r.address) in self._warned:
            return
        others = call.services.queries.brokers_at(r.address, except_for=r.key)
        if others:
            log.warning("broker %s/%d registers from %s, as %s/%d does", r.name, r.id, r.address, *others[0])
        elif r.address.startswith(LOOPBACK):
            log.warning("broker %s/%d registers with a loopback address: %s", r.name, r.id, r.address)
        else:
            return
        if len(self._warned) >= WARNED_KEPT:
            self._warned.clear()
        self._warned.add((r.key, r.address))

    async def unregister(self, call: Call) -> Command:
        """Leave; also a success when the broker is gone, or when its id is held at another address."""
        request, services = call.request, call.services
        cluster, name = required(request, "clusterName"), required(request, "brokerName")
        address, given = required(request, "brokerAddr"), broker_id(request)
        known = services.queries.broker_at(cluster, name, address)
        key = known.key if known is not None else BrokerKey(name, given)
        try:
            await services.brokers.unregister(key, cluster, address=address, by=call.by)
        except StaleEpoch:
            log.info("%s asked to unregister %s/%d at %s, which is not its address", call.by, *key, address)
        self._bindings.forget(key)
        self._outlines.forget(key)
        return call.done()

    async def register_topic(self, call: Call) -> Command:
        """Let groups offer one more topic."""
        topic = required(call.request, "topic")
        try:
            offers = bodies.decode_queue_datas(call.request.body)
        except ValueError as error:
            raise InvalidField("body", str(error)) from None
        await call.services.admin.add_topic(topic, offers, by=call.by)
        return call.done()
