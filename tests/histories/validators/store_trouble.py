"""Promise 7: while the store is away routes are served and marked stale, and nobody expires of it."""

from typing import Final

from tests.histories import disturbances
from tests.histories.lines import Call, Fault, History
from tests.histories.verdict import Verdict

FRESH_S: Final = 2.0
"""A view counts as followed for so long after it was last compared."""

COMPARED_S: Final = 1.5
"""It is compared once a second, and on a busy machine a little later."""

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
            if fault.start <= call.start and call.end <= fault.end:
                verdict.expect(call.ok, lambda c=call, f=fault: f"{_words(c)} is refused during {f.kind}: {c.code}")
                if call.start > fault.start + FRESH_S and not call.args.get("door") and call.ok:
                    verdict.expect(
                        call.stale_ms > 0, lambda c=call, f=fault: f"{_words(c)} is not stale during {f.kind}"
                    )
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
            if broker in leases and broker in heard and change.at < fault.end + leases[broker]:
                verdict.expect(
                    False,
                    lambda b=broker, c=change, f=fault: (
                        f"{b} expired at {c.at:.3f} s ({c.why}), right after {f.kind}, which ended at {f.end:.3f} s"
                    ),
                )
    verdict.checked += len(heard)


def _words(call: Call) -> str:
    return f"{call.verb} of {call.client} at node {call.node}, {call.start:.3f} s,"
