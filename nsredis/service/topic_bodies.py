"""The topics that a registration brings: checked, and merged into its group's table."""

from collections.abc import Mapping

from nsredis.core.brokers import Registration, TopicBody
from nsredis.core.errors import InvalidField
from nsredis.core.names import check_foreign_topics, check_topics
from nsredis.core.queues import QueueData, check_queues
from nsredis.registry import tables
from nsredis.registry.broker_store import MergedTable
from nsredis.registry.rows import data_version_text


def check_body(body: TopicBody, known: Mapping[str, QueueData], *, foreign: bool) -> None:
    """InvalidField unless all topics are good; those that stand in `known` are: they were checked when they came.

    `foreign`: by the rules for what comes over remoting.
    """
    topics = body.decode(known)
    names = [topic for topic in topics if topic not in known] if known else topics
    (check_foreign_topics if foreign else check_topics)("topics", names)
    try:
        for queues in set(topics.values()):  # there are few different ones
            check_queues("topics", queues)
    except InvalidField:
        for topic, queues in topics.items():
            check_queues(f"topics.{topic}", queues)


def merge(base: tables.Table, body: TopicBody, r: Registration) -> MergedTable:
    """The group's table with a registration's topics, by the registration's rules. InvalidField."""
    version = tables.body_version(data_version_text(r.data_version), body.digest)
    topics = body.decode({} if r.replaces_table else base.topics)
    merged = tables.apply_body(base, topics, version, replaces=r.replaces_table, mappings=body.mappings())
    return MergedTable(base, merged, None if r.replaces_table else topics)
