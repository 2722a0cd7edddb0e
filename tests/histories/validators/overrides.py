"""An operator's override holds for all topics of the group from its answer on, until it is lifted or ends by itself."""

from dataclasses import dataclass
from typing import Final

from tests.histories import disturbances
from tests.histories.lines import INFINITY, Call, History
from tests.histories.lives import LATE_WRITE_S
from tests.histories.looks import looks
from tests.histories.verdict import Verdict

OWN_PERM: Final = 6
"""What all groups register."""


@dataclass(frozen=True, slots=True)
class Limit:
    """From `since` to `until`, in every view that has `revision`, the group shows this permission."""

    since: float
    until: float
    revision: int
    perm: int


def check(history: History) -> Verdict:
    """Routes, on every node."""
    verdict = Verdict()
    limits = _limits(history)
    for look in looks(history):
        for topic, groups in look.topics.items():
            for name, row in (groups or {}).items():
                for limit in limits.get(name, ()):
                    within = limit.since <= look.start and look.end <= limit.until
                    if within and look.revision >= limit.revision and not verdict.kept(row[2] == limit.perm):
                        told = (
                            f"{name} has permission {limit.perm} since {limit.since:.3f} s, revision {limit.revision}"
                        )
                        verdict.violated(f"{told}, and {row[2]} for {topic} ({look})")
    return verdict


def _limits(history: History) -> dict[str, list[Limit]]:
    calls: dict[str, list[Call]] = {}
    for call in history.verbs("override", "lift"):
        calls.setdefault(call.args["group"], []).append(call)
    found: dict[str, list[Limit]] = {}
    for name, its in calls.items():
        begins = [call.start for call in its[1:]] + [INFINITY]
        for call, next_begins in zip(its, begins, strict=True):
            if call.ok and not _late_words(its, call):
                ends = call.start + call.args["lasts_s"] if call.verb == "override" else INFINITY
                until = min(ends, next_begins, _group_ends(history, name, call.start))
                perm = call.args["perm"] & OWN_PERM if call.verb == "override" else OWN_PERM
                revision = int((call.body or {}).get("revision", call.revision))
                found.setdefault(name, []).append(Limit(call.end, until, revision, perm))
    return found


def _late_words(calls: list[Call], call: Call) -> bool:
    """Whether one of unknown outcome came before: it may still arrive after this one."""
    return any(other.outcome == "unknown" and other.start < call.start for other in calls)


def _group_ends(history: History, name: str, after: float) -> float:
    """When the group may have lost its override: its last broker went, or the store lost what was young."""
    ends = [
        loss.start
        for loss in disturbances.losses(history)
        if loss.healed > after > disturbances.known_before(history, loss) - LATE_WRITE_S
    ]
    ends += [
        change.at
        for change in history.changes
        if change.at > after and change.kind in ("expire", "lost") and f"group:{name}" in change.subjects
    ]
    return min(ends, default=INFINITY)
