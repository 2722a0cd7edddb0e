"""Reloads in numbers: the store loses the changes that a node needs, so that it has to read everything again."""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from nsredis.bench.brokers import route_query
from nsredis.bench.capacity.registry import NODE, Registry, open_registry
from nsredis.bench.failures import LoadFailed
from nsredis.bench.load.plan import Order, Plan, Protocol, Request
from nsredis.bench.peers.ours import OurNode, Store
from nsredis.bench.results import Measurement
from nsredis.bench.session import Session
from nsredis.bench.talk import Talk
from nsredis.core.names import encode
from nsredis.registry.broker_store import Command
from nsredis.registry.runner import new_tag

NAMESPACE: Final = "default"
"""Of a node without settings."""

RELOAD_S: Final = 15
"""How long a reload may take."""

KV: Final = "reloads"
SAMPLE: Final = "nsredis_reloads_total"
WHY: Final = "behind"
QUERIES: Final = 500
"""A second, meanwhile."""

PAUSE_S: Final = 0.3
"""Before each reload: until the load runs, and until the node has settled after the reload before."""


def measure_reloads(
    session: Session,
    node: OurNode,
    store: Store,
    known: Mapping[str, bytes],
    measurement: Measurement,
    *,
    rounds: int,
    seconds: float,
) -> None:
    """Queries at a fixed rate while the node reads everything again: how long that takes, and the longest query.

    `known`: the routes that are asked for. `seconds`: how long they are, which is to be longer than a reload.
    """
    plan = Plan(Protocol.REMOTING, [[Request(route_query(topic), body) for topic, body in known.items()]], Order.RANDOM)
    load = partial(session.generator.run, node.port, plan, node.usage)
    for number in range(rounds):
        session.tell(f"{measurement.scenario}: {measurement.case}: reload {number + 1}")
        session.keep_alive()
        unquiet = session.quiet.wait()
        try:
            with ThreadPoolExecutor(1) as pool:
                loading = pool.submit(load, connections=8, depth=16, seconds=seconds, rate=float(QUERIES))
                time.sleep(PAUSE_S)
                took_s = reload(node, store, f"{measurement.case} {number}")
                result = loading.result()
            if PAUSE_S + took_s > seconds:
                raise LoadFailed(f"a reload took {took_s:.1f} s, longer than the queries beside it")
        except LoadFailed as error:
            measurement.problem = str(error)
            break
        quantiles = {"p50_us": 0.5, "p99_us": 0.99, "p999_us": 0.999, "longest_us": 1.0}
        measurement.note(reload_s=took_s, unquiet_share=unquiet, rate=result.rate, queued_share=result.queued)
        measurement.note(**{name: result.latencies.quantile_us(part) for name, part in quantiles.items()})


def reload(node: OurNode, store: Store, mark: str) -> float:
    """Let the node lose its thread; seconds until it shows what only a reader of all rows can know. LoadFailed."""
    with Talk(node.http_port) as talk:
        before = reloads(talk)
        started, revision = asyncio.run(_change_unseen(store, mark))
        talk.call("GET", f"/v1/convergence?revision={revision}&wait={RELOAD_S}")
        took_s = time.monotonic() - started
        said = talk.call("GET", f"/v1/kv/{KV}/unseen?minRevision={revision}")
        value = msgspec.json.decode(said).get("value")
        if value != mark:
            raise LoadFailed(f"after a reload a value is {value!r} that is {mark!r} in the store")
        counted = reloads(talk) - before
        if counted != 1:
            raise LoadFailed(f"the node read everything {counted:.0f} times where once was to be measured")
    return took_s


def reloads(talk: Talk) -> float:
    """How often the node has read everything again because it could not follow."""
    text = talk.call("GET", "/metrics").decode()
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return sum(sample.value for sample in samples if sample.name == SAMPLE and sample.labels["why"] == WHY)


async def _change_unseen(store: Store, mark: str) -> tuple[float, int]:
    """Two changes, and the stream keeps but the second: all in one transaction, so that nobody sees the first there.

    When that was, and the revision after it.
    """
    async with open_registry(f"redis://127.0.0.1:{store.port}/0", NAMESPACE) as registry:
        transaction = registry.redis.pipeline(transaction=True)
        for key in ("unseen", "seen"):
            transaction.execute_command(*_put(registry, key, mark))
        transaction.xtrim(registry.runner.keyspace.fixed["changes"], maxlen=1, approximate=False)
        started = time.monotonic()
        *_, (_, _, _, revision), _ = await transaction.execute()
        return started, int(revision)


def _put(registry: Registry, key: str, value: str) -> Command:
    return registry.runner.command(
        "put_kv",
        kv=registry.runner.keyspace.kv(KV),
        tag=new_tag(),
        by=NODE,
        row=f"kv:{encode(KV)}",
        key=key,
        deletes=False,
        value=value,
        expected=None,
        request=new_tag(),
    )
