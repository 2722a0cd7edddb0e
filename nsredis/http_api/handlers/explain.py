"""Why a topic has its route, or none."""

from typing import Annotated, Final

from aiohttp import web
from msgspec import Meta

from nsredis.core.explanation import Deletion, GroupFacts
from nsredis.http_api import shapes
from nsredis.http_api.endpoint import Endpoint, Exchange, ReadQuery
from nsredis.http_api.handlers.routes import Zone
from nsredis.service.explain_service import Memory
from nsredis.wire.explain_types import AnsweringNode, DeletionInfo, ExplainAnswer, MemoryInfo, TopicGroupInfo


class ExplainQuery(ReadQuery):
    """For whom."""

    zone: Zone = ""


class ExplainByQuery(ExplainQuery, kw_only=True):
    """What, and for whom."""

    topic: Annotated[str, Meta(min_length=1)]


async def explain(exchange: Exchange) -> web.Response:
    """The verdict and its facts."""
    topic, zone = exchange.request.match_info.get("topic") or exchange.query.topic, exchange.query.zone
    found = await exchange.services.explain.explain(topic, zone)
    answer = ExplainAnswer(
        topic=topic,
        zone=zone,
        verdict=found.verdict.value,
        summary=found.summary,
        route=found.verdict.routed,
        groups=[_group(facts) for facts in found.groups],
        groups_left_out=found.left_out,
        changes=shapes.event_infos(found.changes),
        unknown_groups=found.unknown,
        similar=found.similar,
        memory=_memory(found.memory),
        node=_node(exchange),
    )
    return web.Response(body=shapes.encode(answer).body, content_type="application/json")


def _group(facts: GroupFacts) -> TopicGroupInfo:
    info = TopicGroupInfo(
        broker_name=facts.name,
        cluster=facts.cluster,
        standing=facts.standing.value,
        readable=facts.readable,
        writable=facts.writable,
        brokers=[shapes.broker_info(broker) for broker in facts.brokers],
        why=facts.why,
        deletion=_deletion(facts.deletion),
        dropped=shapes.event_infos([facts.dropped])[0] if facts.dropped is not None else None,
    )
    offer = facts.offer
    if offer is not None:
        info.registered_perm, info.served_perm = offer.queues.perm, offer.permitted.perm
        info.read_queue_nums, info.write_queue_nums = offer.queues.read_queue_nums, offer.queues.write_queue_nums
        info.override = shapes.override_info(offer.group.override)
    return info


def _deletion(deletion: Deletion | None) -> DeletionInfo | None:
    if deletion is None:
        return None
    info = DeletionInfo(deletion.held, deletion.under)
    if deletion.change is not None:
        info.by, info.at_ms, info.revision = deletion.change.by, deletion.change.at_ms, deletion.change.revision
    return info


def _memory(memory: Memory | None) -> MemoryInfo | None:
    if memory is None:
        return None
    return MemoryInfo(
        memory.changes_from, memory.changes_from_ms, memory.whole, memory.tables_from, memory.tables_from_ms
    )


def _node(exchange: Exchange) -> AnsweringNode:
    nodes = exchange.services.nodes
    problem = nodes.not_ready_reason()
    return AnsweringNode(
        id=nodes.node_id,
        ready=problem is None,
        problem=problem or "",
        revision=exchange.services.queries.revision,
        stale_ms=nodes.stale_ms(),
        store_reachable=nodes.store_reachable(),
    )


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/v1/explain/{topic}",
        explain,
        "Explain why a topic has its route, or none",
        {200: ExplainAnswer},
        query=ExplainQuery,
    ),
    Endpoint(
        "GET",
        "/v1/explain",
        explain,
        "The same, with the topic as a parameter",
        {200: ExplainAnswer},
        query=ExplainByQuery,
    ),
)
