"""Why a topic has its route, or none: the facts that this node's view has of it. Redis is not asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from nsredis.core.changes import Change, ChangeKind
from nsredis.core.explanation import NAMED, GroupFacts, Standing, Verdict, conclude
from nsredis.service.node_service import NodeService
from nsredis.service.similar_names import similar
from nsredis.service.topic_facts import TopicFacts
from nsredis.view.state import State
from nsredis.view.view import View

MOST_GROUPS: Final = 100
"""So many groups that serve the topic are told of, and as many others."""
MOST_CHANGES: Final = 20
MOST_UNKNOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Memory:
    """How far back a node can tell: changes are kept, and tables were seen, from these revisions on.

    `whole`: the first kept change is the first that ever was.
    """

    changes_from: int
    changes_from_ms: int
    whole: bool
    tables_from: int
    tables_from_ms: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict with the facts behind it.

    `left_out`: groups beyond the most. `changes`: the latest that name the topic, newest first. `unknown`: groups that
    are offline and of which this node does not know what they offered. `memory` is None without a view.
    """

    verdict: Verdict
    summary: str
    groups: list[GroupFacts] = field(default_factory=list)
    left_out: int = 0
    changes: list[Change] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    similar: list[str] = field(default_factory=list)
    memory: Memory | None = None


class ExplainService:
    """Answers also without a view: then that is the answer."""

    def __init__(self, view: View, nodes: NodeService) -> None:
        self._view = view
        self._nodes = nodes
        self._one_search = asyncio.Lock()

    async def explain(self, topic: str, zone: str = "") -> Explanation:
        """Why a topic has its route, or none, for clients of `zone` when given."""
        state = self._view.state
        if state is None:
            why = self._nodes.not_ready_reason() or "this node holds no view yet"
            return Explanation(Verdict.NODE_NOT_READY, f"This node cannot tell: {why}. Ask another.")
        facts = TopicFacts(state, topic, zone)
        groups, changes, memory = facts.groups(), facts.changes[:MOST_CHANGES], _memory(state)
        verdict, summary = conclude(topic, groups, zone=zone)
        if verdict is not Verdict.NEVER_REGISTERED:
            shown = _most(groups)
            return Explanation(verdict, summary, shown, len(groups) - len(shown), changes, memory=memory)
        unknown = facts.unknown_groups()
        if unknown:
            verdict = Verdict.UNKNOWN
            summary = (
                f"{topic} has no route: no broker lists it. It may be a topic of {', '.join(unknown[:NAMED])}"
                f"{f' and {len(unknown) - NAMED} more' if len(unknown) > NAMED else ''}, offline since before this"
                " node started: nobody knows any more what they offered."
            )
        async with self._one_search:  # however many ask, the loop is held up by one slice at a time
            names = await similar(topic, state.topics())
        return Explanation(verdict, summary, unknown=unknown[:MOST_UNKNOWN], similar=names, memory=memory)


def _most(groups: Sequence[GroupFacts]) -> list[GroupFacts]:
    """Those that serve first, then those that are missed."""
    serving = [group for group in groups if group.standing is Standing.SERVING]
    others = sorted((group for group in groups if group.standing is not Standing.SERVING), key=lambda g: not g.missed)
    return serving[:MOST_GROUPS] + others[:MOST_GROUPS]


def _memory(state: State) -> Memory:
    first = state.changes[0] if state.changes else None
    return Memory(
        changes_from=first.revision if first is not None else state.revision,
        changes_from_ms=first.at_ms if first is not None else state.former.since_ms,
        whole=first is not None and first.kind == ChangeKind.OPEN,
        tables_from=state.former.since_revision,
        tables_from_ms=state.former.since_ms,
    )
