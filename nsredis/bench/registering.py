"""Registrations as loads, and what proves that they were kept."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from nsredis.bench.brokers import Broker
from nsredis.bench.load.plan import Order, Plan, Protocol, Request
from nsredis.bench.proof import Last, prove_kept
from nsredis.bench.registrations import Registrations, counter_of, queues_of
from nsredis.bench.rounds import Proof

CONNECTIONS: Final = 4
"""Each has a broker of its own."""

Load = tuple[Plan | Callable[[int], Plan], Proof]
"""What is sent, and what proves that it was kept."""


def unchanged(brokers: Sequence[Broker], encode: Callable[[Broker], bytes]) -> tuple[Plan, Proof]:
    """The same registrations again and again."""
    last = [Last.same_queues(broker, {broker.version.counter}) for broker in brokers]
    plan = Plan(Protocol.REMOTING, [[Request(encode(broker))] for broker in brokers])
    return plan, lambda port, _: prove_kept(port, last)


def one_changed(
    brokers: Sequence[Broker], topics: list[str], chosen: str, count: int
) -> tuple[Callable[[int], Plan], Proof]:
    """`count` registrations of each broker in a round: each has another number of queues for the chosen one of the
    topics. A round goes on with versions and queues that nobody has seen.
    """
    registrations = Registrations(topics, changed=chosen)

    @lru_cache(maxsize=1)
    def plan(number: int) -> Plan:
        numbers = numbers_of(number, count)
        lanes = [[Request(registrations.request(broker, one)) for one in numbers] for broker in brokers]
        return Plan(Protocol.REMOTING, lanes, Order.ONCE)

    def kept(port: int, number: int) -> None:
        """Which one is the last depends on how many there was time for."""
        queues = {counter_of(one): queues_of(one) for one in numbers_of(number, count)}
        prove_kept(port, [Last(broker, chosen, queues) for broker in brokers])

    return plan, kept


def numbers_of(number: int, count: int) -> range:
    """The numbers of a connection's registrations in the round of that number."""
    return range((number + 1) * count, (number + 2) * count)
