"""Promise 7: while the store is away routes are served and marked stale, and nobody expires of it."""

from typing import Final

from tests.histories import disturbances
from tests.histories.lines import Call, Fault, History
from tests.histories.verdict import Verdict

FRESH_S: Final = 2.5
"""A view counts as followed for two seconds after it was last compared, and some faults begin a little after their line
says: the store must first be asked."""

LONG_S: Final = 2.5
"""A gap so long gives every broker a whole lease."""


def check(history: History) -> Verdict:
    """Look-ups while the store was away; expiries after it came back."""
    verdict = Verdict()
    faults = disturbances.store_faults(history)
    for fault in faults:
        if fault.kind == "store-pause-write":
            continue  # nodes can read all the time, so they follow
        for call in history.verbs("route", "routes", "topics", "clusters", "brokers"):
            within = fault.start <= call.start and call.end <= fault.end
            if within and not disturbances.silenced(history, call.node, call.start, call.end):
                if not verdict.kept(call.ok):
                    verdict.violated(f"{_words(call)} is refused during {fault.kind}: {call.code}")
                tells = call.ok and not call.args.get("door") and call.start > fault.start + FRESH_S
                if tells and not verdict.kept(call.stale_ms > 0):
                    verdict.violated(f"{_words(call)} is not stale during {fault.kind}")
    for before, fault in zip([None, *faults], faults, strict=False):
        _nobody_expires(history, before, fault, verdict)
    return verdict


def _nobody_expires(history: History, before: Fault | None, fault: Fault, verdict: Verdict) -> None:
    """For one lease after a long gap, but for those that had that already after the gap before."""
    if fault.end - fault.start < LONG_S:
        return
    leases = {member.broker: member.lease_s for member in history.members}
    heard = {
        call.args["broker"]
        for call in history.verbs("beat", "register")
        if call.ok and (before is None or before.healed < call.start) and call.end < fault.start
    }
    for change in history.changes:
        if change.kind != "expire" or change.at < fault.end:
            continue
        for subject in change.subjects:
            broker = subject.removeprefix("broker:")
            if broker in heard and change.at < fault.end + leases[broker]:
                words = f"{broker} expired at {change.at:.3f} s ({change.why})"
                verdict.violated(f"{words}, right after {fault.kind}, which ended at {fault.end:.3f} s")
    verdict.checked += len(heard)


def _words(call: Call) -> str:
    return f"{call.verb} of {call.client} at node {call.node}, {call.start:.3f} s,"
