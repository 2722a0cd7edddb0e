"""Every answer that shows routes, in one form."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from tests.histories.answers import Groups
from tests.histories.lines import Call, History


@dataclass(frozen=True, slots=True)
class Look:
    """One answer: what it says of topics, all at one revision. None where it says that there is no route.

    `revision`: at least this one was shown (the protocol of RocketMQ tells none, so there it is what the node had shown
    before).
    """

    who: str
    node: str
    start: float
    end: float
    revision: int
    stale_ms: int
    asked: bool
    topics: dict[str, Groups | None]

    def __str__(self) -> str:
        return f"{self.who} at node {self.node}, {self.start:.3f} to {self.end:.3f} s, revision {self.revision}"


class Shown:
    """The highest revision that a node is known to have shown before a time."""

    def __init__(self, history: History) -> None:
        self._ends: dict[str, list[float]] = {}
        self._highest: dict[str, list[int]] = {}
        for call in sorted((call for call in history.calls if call.revision), key=lambda call: call.end):
            highest = self._highest.setdefault(call.node, [])
            self._ends.setdefault(call.node, []).append(call.end)
            highest.append(max(call.revision, highest[-1] if highest else 0))

    def before(self, node: str, at: float) -> int:
        """That revision; 0 when nothing is known."""
        found = bisect_right(self._ends.get(node, []), at)
        return self._highest[node][found - 1] if found else 0


def looks(history: History) -> Iterator[Look]:
    """All answers about routes, events of watchers too."""
    shown = Shown(history)
    for call in history.verbs("route", "routes"):
        if call.ok and call.status != 304:
            revision = call.revision or shown.before(call.node, call.start)
            yield Look(
                call.client, call.node, call.start, call.end, revision, call.stale_ms, True, _topics(call)
            )  # fmt: skip
    for told in history.told:
        if told.subject.startswith("topic:"):
            topics = {told.subject.removeprefix("topic:"): told.body}
            yield Look(told.client, told.node, told.at, told.at, told.revision, 0, False, topics)


def _topics(call: Call) -> dict[str, Groups | None]:
    if call.verb == "route":
        return {call.args["topic"]: call.body}
    return {topic: call.body.get(topic) for topic in call.args["topics"]} if call.body else {}
