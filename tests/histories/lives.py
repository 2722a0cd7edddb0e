"""When each broker must be there: from its acknowledged calls and its lease, with what faults add."""

from dataclasses import dataclass
from typing import Final

from tests.histories import disturbances
from tests.histories.lines import Call, Change, History

GAP_S: Final = 0.5
"""What a gap must last at least to put off judgement."""

LATE_WRITE_S: Final = 2.0
"""A registration younger than this may be lost when the store is emptied or fails over."""

_BROKERS_DO: Final = ("register", "beat", "leave", "silence", "speak")


@dataclass(slots=True)
class Window:
    """From `since` to `until` the broker is registered, in every view that has `revision`."""

    broker: str
    since: float
    until: float
    revision: int


def own_calls(history: History) -> dict[str, list[Call]]:
    """What each broker did itself, in order; late words of old incarnations are not among it."""
    found: dict[str, list[Call]] = {member.broker: [] for member in history.members}
    for call in history.verbs(*_BROKERS_DO):
        if not call.args.get("late"):
            found[call.args["broker"]].append(call)
    return found


def lasts_until(history: History, beat_at: float, lease_s: float) -> float:
    """How long a beat at this time holds at least: its lease, and as long as nobody could judge meanwhile."""
    until, counted = beat_at + lease_s, beat_at
    for fault in disturbances.nobody_judges(history):
        if fault.start < until and fault.end > counted:
            until += max(0.0, fault.end - max(fault.start, counted) - GAP_S)
            counted = fault.end
    return until


def windows(history: History) -> dict[str, list[Window]]:
    """For each broker, when it must be there."""
    leases = {member.broker: member.lease_s for member in history.members}
    made = _revisions(history)
    return {
        broker: _windows(history, broker, calls, leases[broker], made.get(broker, []))
        for broker, calls in own_calls(history).items()
    }


def _revisions(history: History) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in history.changes:
        if change.kind in ("register", "update", "move", "restore"):
            for subject in change.subjects:
                if subject.startswith("broker:"):
                    found.setdefault(subject.removeprefix("broker:"), []).append(change)
    return found


def _windows(history: History, broker: str, calls: list[Call], lease_s: float, made: list[Change]) -> list[Window]:
    found: list[Window] = []
    present: Window | None = None
    instance = 0
    for call in calls:
        if call.verb in ("leave", "silence") and present is not None:
            if call.verb == "leave" or call.args.get("port_closes"):
                present.until = min(present.until, call.start)
            if call.verb == "leave":
                present = None
        if call.verb not in ("register", "beat") or not call.ok:
            continue
        if call.verb == "register" and (present is None or call.args["instance"] != instance):
            instance = call.args["instance"]
            present = None
        until = lasts_until(history, call.start, lease_s)
        if present is not None and call.start <= present.until:
            present.until = max(present.until, until)
            continue
        if present is not None and call.verb == "beat" and call.args.get("epoch"):
            present.until = until  # that very incarnation was there all the time, else it had been told to register
            continue
        revision = _revision(call, made)
        if revision:
            present = Window(broker, call.end, until, revision)
            found.append(present)
    return [piece for window in found for piece in _around_losses(history, window)]


def _revision(call: Call, made: list[Change]) -> int:
    """Which revision has the broker that this call registered or found."""
    if call.body and call.body.get("revision"):
        return int(call.body["revision"])
    return max((change.revision for change in made if change.at <= call.end), default=0)


def _around_losses(history: History, window: Window) -> list[Window]:
    """What the loss of the store's history leaves of a window: the part before, if the broker was young then."""
    for loss in disturbances.losses(history):
        known = disturbances.known_before(history, loss)
        if window.since < loss.healed and window.until > loss.start and window.since > known - LATE_WRITE_S:
            window.until = min(window.until, loss.start)
    return [window] if window.until > window.since else []
