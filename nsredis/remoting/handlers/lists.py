"""Lists: clusters (106), members of a group (901), topics (206, 224, 304, 311, 312, 313)."""

from collections.abc import Callable
from typing import Final

from nsredis.remoting.handlers.call import AnswerNow, Call
from nsredis.remoting.handlers.parameters import optional
from nsredis.wire import bodies
from nsredis.wire.codes import RequestCode, ResponseCode
from nsredis.wire.commands import Command

UNIT: Final = 1
UNIT_SUB: Final = 2
"""Bits of a topicSysFlag (RocketMQ's TopicSysFlag)."""


def get_clusters(call: Call) -> Command:
    """Every cluster with its groups and their addresses."""
    queries = call.services.queries
    return call.done(body=queries.group_list("clusters", lambda: bodies.cluster_info(queries.groups())))


def get_member_group(call: Call) -> Command:
    """The addresses of a group by id; the cluster is not looked at, as in Java."""
    cluster, name = optional(call.request, "clusterName"), optional(call.request, "brokerName")
    group = call.services.queries.group(name)
    return call.done(body=bodies.member_group(cluster, name, group.addresses if group is not None else {}))


def get_all_topics(call: Call) -> Command:
    """Every topic."""
    queries = call.services.queries
    if not queries.settings.enable_all_topic_list:
        return _disabled(call)
    return call.done(body=queries.topic_list("topics", lambda: bodies.topic_list(queries.topics())))


def get_topics_of_cluster(call: Call) -> Command:
    """The topics that a cluster's groups offer."""
    queries, cluster = call.services.queries, optional(call.request, "cluster")
    if not queries.settings.enable_topic_list:
        return _disabled(call)
    return call.done(body=bodies.topic_list(queries.topics(cluster) if cluster else []))


def get_system_topics(call: Call) -> Command:
    """The topics named after clusters and groups, and a broker that knows more."""
    queries = call.services.queries

    def build() -> bytes:
        groups = [group for group, _ in queries.groups()]
        names = [*sorted({group.cluster for group in groups}), *(group.name for group in groups)]
        first = next((address for group in groups for address in group.addresses.values()), None)
        return bodies.topic_list(names, first)

    return call.done(body=queries.group_list("system-topics", build))


def _flagged(name: str, chosen: Callable[[int], bool]) -> AnswerNow:
    def get(call: Call) -> Command:
        queries = call.services.queries
        if not queries.settings.enable_topic_list:
            return _disabled(call)
        return call.done(body=queries.topic_list(name, lambda: bodies.topic_list(queries.topics_with(chosen))))

    return get


def _disabled(call: Call) -> Command:
    return call.refused(ResponseCode.SYSTEM_ERROR, "disable")


NOW: Final[dict[int, AnswerNow]] = {
    RequestCode.GET_BROKER_CLUSTER_INFO: get_clusters,
    RequestCode.GET_BROKER_MEMBER_GROUP: get_member_group,
    RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER: get_all_topics,
    RequestCode.GET_TOPICS_BY_CLUSTER: get_topics_of_cluster,
    RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS: get_system_topics,
    RequestCode.GET_UNIT_TOPIC_LIST: _flagged("unit", lambda flags: bool(flags & UNIT)),
    RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST: _flagged("unit-sub", lambda flags: bool(flags & UNIT_SUB)),
    RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST: _flagged(
        "unit-sub-no-unit", lambda flags: bool(flags & UNIT_SUB) and not flags & UNIT
    ),
}
