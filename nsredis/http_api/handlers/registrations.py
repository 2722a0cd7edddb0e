"""What brokers do: register, change their topics, beat, leave."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
import xxhash
from aiohttp import web
from msgspec import UNSET, Meta, Raw, UnsetType

from nsredis.core.brokers import Beat, BrokerKey, Registration
from nsredis.core.brokers import Registered as Outcome
from nsredis.core.errors import InvalidField
from nsredis.core.leases import heartbeat_ms
from nsredis.core.names import check_broker_id
from nsredis.core.queues import QueueData, shared
from nsredis.http_api import shapes
from nsredis.http_api.bodies import blame, why_not_json
from nsredis.http_api.endpoint import Endpoint, Exchange, Query
from nsredis.http_api.errors import Malformed, invalid_field
from nsredis.http_api.problems import status_of
from nsredis.wire.api_types import (
    MAX_INT64,
    HeartbeatBody,
    HeartbeatOutcome,
    HeartbeatsAnswer,
    HeartbeatsBody,
    PatchTopicsBody,
    QueueDataBody,
    RegisterBody,
    RegisteredAnswer,
    RevisionAnswer,
)

BROKER: Final = "/v1/brokers/{cluster}/{brokerName}/{brokerId}"

# RegisterBody whose topics stay bytes: the unchanged ones, by far the most frequent, are known by their digest alone.
_Envelope: Final[Any] = msgspec.defstruct(
    "_Envelope",
    [
        (field.name, Raw | UnsetType, UNSET)
        if field.name == "topics"
        else (field.name, field.type, field.default)
        if not field.required
        else (field.name, field.type)
        for field in msgspec.structs.fields(RegisterBody)
    ],
    rename="camel",
    forbid_unknown_fields=True,
)

_topics_of: Final = msgspec.json.Decoder(dict[str, QueueDataBody]).decode


class JsonTopics:
    """The topics of a registration as they came in: a TopicBody."""

    def __init__(self, raw: bytes, version: str) -> None:
        self._raw = raw
        self.digest = xxhash.xxh3_128_hexdigest(version.encode() + b"\0" + raw)
        self._topics: dict[str, QueueData] | None = None

    def decode(self, known: Mapping[str, QueueData]) -> dict[str, QueueData]:
        """The topics, all of them, decoded once. InvalidField names the topic and the field."""
        if self._topics is None:
            self._topics = self._decode()
        return self._topics

    def _decode(self) -> dict[str, QueueData]:
        try:
            return shared(shapes.queues(_topics_of(self._raw)))
        except msgspec.ValidationError as error:
            blame(self._raw, QueueDataBody, "topics")
            raise invalid_field(error, "topics") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(f"topics: {why_not_json(self._raw, error)}") from None

    def mappings(self) -> dict[str, str]:
        """Static topics are registered over remoting only."""
        return {}


def _key(exchange: Exchange) -> BrokerKey:
    return BrokerKey(exchange.path("brokerName"), check_broker_id("brokerId", exchange.path("brokerId")))


def _topics(body: Any) -> JsonTopics | None:
    raw = b"null" if body.topics is UNSET else bytes(body.topics)
    if raw == b"null":
        return None
    if not raw.startswith(b"{"):  # the rest is looked at when it is not known already
        raise InvalidField("topics", "must be an object")
    return JsonTopics(raw, repr(body.data_version))


async def register(exchange: Exchange) -> web.Response:
    """Register, or refresh with new data."""
    key, body = _key(exchange), exchange.body
    registered = await exchange.services.brokers.register(
        Registration(
            cluster=exchange.path("cluster"),
            name=key.name,
            id=key.id,
            address=body.address,
            ha_address=body.ha_address or "",
            instance=body.instance,
            epoch=body.epoch,
            data_version=shapes.data_version(body.data_version),
            lease_ms=body.lease_ms,
            zone=body.zone,
            acting_master=body.enable_acting_master,
            topics=_topics(body),
        ),
        by=exchange.by,
    )
    if registered.changed:
        exchange.services.suspects.registered(key, body.address, registered.epoch)
    answer = shapes.encode(_registered(exchange.path("cluster"), key, registered))
    return web.Response(status=201 if registered.created else 200, body=answer.body, content_type="application/json")


def _registered(cluster: str, key: BrokerKey, outcome: Outcome) -> RegisteredAnswer:
    return RegisteredAnswer(
        cluster=cluster,
        broker_name=key.name,
        broker_id=key.id,
        epoch=outcome.epoch,
        lease_ms=outcome.lease_ms,
        heartbeat_ms=heartbeat_ms(outcome.lease_ms),
        revision=outcome.revision,
        master_address=outcome.master_address,
        ha_address=outcome.master_ha_address,
    )


async def patch_topics(exchange: Exchange) -> web.Response:
    """Change some topics."""
    body: PatchTopicsBody = exchange.body
    revision = await exchange.services.brokers.patch_topics(
        _key(exchange), exchange.path("cluster"), shapes.queues(body.put), body.delete, by=exchange.by
    )
    return web.Response(body=shapes.encode(RevisionAnswer(revision)).body, content_type="application/json")


async def heartbeat(exchange: Exchange) -> web.Response:
    """Renew the lease."""
    key = _key(exchange)
    epoch = exchange.body.epoch if exchange.body is not None else None
    await exchange.services.brokers.heartbeat(Beat(exchange.path("cluster"), key.name, key.id, epoch))
    return web.Response(status=204)


async def heartbeats(exchange: Exchange) -> web.Response:
    """Renew many leases."""
    body: HeartbeatsBody = exchange.body
    beats = [Beat(item.cluster, item.broker_name, item.broker_id, item.epoch) for item in body.brokers]
    outcomes = await exchange.services.brokers.heartbeats(beats)
    items = [
        HeartbeatOutcome(204) if refused is None else HeartbeatOutcome(status_of(refused), refused.code, refused.detail)
        for refused in outcomes
    ]
    return web.Response(body=shapes.encode(HeartbeatsAnswer(items)).body, content_type="application/json")


class LeaveQuery(Query):
    """Which incarnation leaves."""

    epoch: Annotated[int, Meta(ge=0, le=MAX_INT64)] | UnsetType = UNSET


async def leave(exchange: Exchange) -> web.Response:
    """Leave."""
    epoch = None if exchange.query.epoch is UNSET else exchange.query.epoch
    await exchange.services.brokers.unregister(_key(exchange), exchange.path("cluster"), epoch=epoch, by=exchange.by)
    return web.Response(status=204)


ENDPOINTS: Final = (
    Endpoint(
        "PUT",
        BROKER,
        register,
        "Register a broker, or refresh it with new data",
        {200: RegisteredAnswer, 201: RegisteredAnswer, 409: None},
        body=RegisterBody,
        reads=_Envelope,
    ),
    Endpoint(
        "PATCH",
        f"{BROKER}/topics",
        patch_topics,
        "Change some of the broker's topics",
        {200: RevisionAnswer, 404: None, 409: None},
        body=PatchTopicsBody,
    ),
    Endpoint(
        "POST",
        f"{BROKER}/heartbeat",
        heartbeat,
        "Renew the lease; 404 says: register again",
        {204: None, 404: None, 409: None},
        body=HeartbeatBody,
        body_optional=True,
    ),
    Endpoint(
        "POST",
        "/v1/heartbeats",
        heartbeats,
        "Renew many leases at once",
        {200: HeartbeatsAnswer},
        body=HeartbeatsBody,
    ),
    Endpoint(
        "DELETE",
        BROKER,
        leave,
        "Leave; also when the broker is gone already",
        {204: None, 409: None},
        query=LeaveQuery,
    ),
)
