"""Promise 2: revisions on one connection never go back, but for a reload that the node reports."""

from bisect import bisect_left

from tests.histories.lines import History
from tests.histories.verdict import Verdict

LOOK_S = 2.5
"""How long after a step back the report of the reload may be read."""


def check(history: History) -> Verdict:
    """Answers of one connection, and events of one stream, in their order."""
    verdict = Verdict()
    reloads = _reloads(history)
    seen: dict[str, tuple[int, float]] = {}
    answers = [(call.end, call.connection, call.node, call.revision) for call in history.calls if call.revision]
    events = [(told.at, f"events of {told.connection}", told.node, told.revision) for told in history.told]
    for at, connection, node, revision in sorted(answers) + sorted(events, key=lambda event: event[0]):
        before, before_at = seen.get(connection, (0, at))
        told = revision >= before or _reported(reloads.get(node, []), before_at, at)
        if not verdict.kept(told):
            verdict.violated(f"{connection} saw revision {before} and at {at:.3f} s revision {revision}")
        seen[connection] = (revision, at)
    return verdict


def _reloads(history: History) -> dict[str, list[float]]:
    """node -> when it reported that it had found another history."""
    found: dict[str, list[float]] = {}
    counts: dict[str, int] = {}
    for reload in sorted(history.reloads, key=lambda reload: reload.at):
        count = reload.counts.get("forked", 0) + reload.counts.get("lost", 0)
        if count > counts.get(reload.node, 0):
            found.setdefault(reload.node, []).append(reload.at)
        counts[reload.node] = count
    return found


def _reported(reports: list[float], start: float, end: float) -> bool:
    place = bisect_left(reports, start)
    return place < len(reports) and reports[place] <= end + LOOK_S
