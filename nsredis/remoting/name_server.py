"""The name server as RocketMQ's peers see it: every request code and what answers it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from nsredis.core.brokers import BrokerKey
from nsredis.core.errors import NsredisError
from nsredis.remoting.bindings import Bindings
from nsredis.remoting.door import Order, Peer
from nsredis.remoting.handlers import administration, kv, lists, liveness, routes
from nsredis.remoting.handlers.call import AnswerLater, AnswerNow, Call
from nsredis.remoting.handlers.configuration import Configuration
from nsredis.remoting.handlers.refusals import refusal
from nsredis.remoting.handlers.registrations import Registrations
from nsredis.service.doors import Services
from nsredis.wire.codes import RequestCode, ResponseCode
from nsredis.wire.commands import Command

ORDERS: Final[dict[int, Order]] = {
    RequestCode.REGISTER_BROKER: Order.ALONE,
    RequestCode.UNREGISTER_BROKER: Order.ALONE,
    RequestCode.REGISTER_TOPIC_IN_NAMESRV: Order.ALONE,
    RequestCode.QUERY_DATA_VERSION: Order.SHARED,
    RequestCode.BROKER_HEARTBEAT: Order.SHARED,
}
"""What a broker says of itself is taken in the order in which it says it; beats next to each other have none, and so
those of many brokers on one connection leave together."""


class NameServer:
    """A Door: answers from the view at once where it can, and asks the store otherwise."""

    def __init__(
        self,
        services: Services,
        describe: Callable[[], Mapping[str, str]],
        *,
        updates_allowed: bool,
        max_inflated: int,
    ) -> None:
        self._services = services
        self._bindings = Bindings()
        configuration = Configuration(describe, updates_allowed=updates_allowed)
        registrations = Registrations(self._bindings, max_inflated=max_inflated)
        self._now: dict[int, AnswerNow] = {**kv.NOW, **routes.NOW, **lists.NOW, **configuration.now}
        self._later: dict[int, AnswerLater] = {
            **kv.LATER,
            **administration.LATER,
            **liveness.LATER,
            **registrations.later,
            **configuration.later,
        }

    def answer_now(self, request: Command, peer: Peer) -> Command | None:
        """The answer from memory; None for what the store must be asked for."""
        handle = self._now.get(request.code)
        if handle is None:
            return None if request.code in self._later else _unknown(request)
        try:
            return handle(Call(self._services, request, peer))
        except NsredisError as error:
            return refusal(request, error)

    def order(self, request: Command) -> Order:
        """When `answer` handles it."""
        return ORDERS.get(request.code, Order.FREE)

    async def answer(self, request: Command, peer: Peer) -> Command | None:
        """The answer to what the store must be asked for."""
        try:
            return await self._later[request.code](Call(self._services, request, peer))
        except NsredisError as error:
            return refusal(request, error)

    def send_brokers_away(self) -> None:
        """Close the connections of all brokers. It is this node's doing, so it makes no suspects of them."""
        for peer in self._bindings.peers():
            self._bindings.closed(peer)
            peer.close("cut-off")

    def closed(self, peer: Peer) -> None:
        """The connection is gone: the brokers that registered on it are looked at."""
        lost: Iterable[BrokerKey] = self._bindings.closed(peer)
        if lost:
            self._services.suspects.connection_lost(lost)


def _unknown(request: Command) -> Command:
    return request.reply(ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark=f" request type {request.code} not supported")
