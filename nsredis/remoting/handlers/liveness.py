"""Heartbeats: code 904, and 322, which also tells whether the topic table is the one that is known."""

from typing import Final

from nsredis.core.brokers import Beat, Broker
from nsredis.core.errors import BrokerNotFound, InvalidField, StaleEpoch
from nsredis.remoting.handlers.call import AnswerLater, Call
from nsredis.remoting.handlers.parameters import broker_id, optional, required
from nsredis.wire import bodies
from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Command


async def heartbeat(call: Call) -> Command:
    """Renew a lease. BrokerNotFound says: register again."""
    await _beat(call)
    return call.done()


async def query_data_version(call: Call) -> Command:
    """Whether a broker's topic table differs from the one that is known of it; renews its lease in any case."""
    try:
        given = bodies.decode_data_version(call.request.body)
    except ValueError as error:
        raise InvalidField("body", str(error)) from None
    try:
        broker = await _beat(call)
    except (BrokerNotFound, StaleEpoch):
        broker = None  # not the one that is known: it should register
    if broker is None or broker.data_version is None:
        return call.done(ext={"changed": "true"})
    changed = given != broker.data_version
    return call.done(ext={"changed": str(changed).lower()}, body=bodies.data_version(broker.data_version))


async def _beat(call: Call) -> Broker | None:
    """Renew the lease of the broker at the sender's address: 904 does not always name its id."""
    request = call.request
    cluster, name = required(request, "clusterName"), required(request, "brokerName")
    address = required(request, "brokerAddr")
    broker = call.services.queries.broker_at(cluster, name, address)
    if broker is None and not optional(request, "brokerId"):
        raise BrokerNotFound(f"no broker of {name} at {address}: register first")
    number = broker.id if broker is not None else broker_id(request)
    await call.services.brokers.heartbeat(Beat(cluster, name, number, address=address))
    return broker


LATER: Final[dict[int, AnswerLater]] = {
    RequestCode.BROKER_HEARTBEAT: heartbeat,
    RequestCode.QUERY_DATA_VERSION: query_data_version,
}
