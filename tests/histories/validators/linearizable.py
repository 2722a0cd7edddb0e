"""Key-value configuration is linearizable per key, between two losses of the store's history."""

from tests.histories import disturbances
from tests.histories.lines import INFINITY, Call, History
from tests.histories.lives import LATE_WRITE_S
from tests.histories.one_at_a_time import ANY, Op, State, explains
from tests.histories.verdict import Verdict

AFTER_S = 1.0
"""From then on after a loss everything that nodes knew is back."""


def check(history: History) -> Verdict:
    """Each key, in each time between two losses."""
    verdict = Verdict()
    keys = sorted({call.args["key"] for call in history.verbs("kv-get", "kv-put", "kv-delete")})
    edges = [loss for loss in disturbances.losses(history) if loss.healed < INFINITY]
    starts = [0.0, *(loss.healed + AFTER_S for loss in edges)]
    ends = [*(loss.start for loss in edges), INFINITY]
    for key in keys:
        calls = [call for call in history.verbs("kv-get", "kv-put", "kv-delete") if call.args["key"] == key]
        for start, end in zip(starts, ends, strict=True):
            ops = [op for call in calls if (op := _op(call, start, end)) is not None]
            found, count = explains(ops, _put_back(calls, history, start)), len(ops)
            verdict.checked += count
            if not verdict.kept(found is not False):
                verdict.violated(f"{count} operations on {key} after {start:.3f} s have no order that explains them")
    return verdict


def _put_back(calls: list[Call], history: History, start: float) -> State:
    """What a key holds when a time begins: what it held before the loss, where that was not young and is known."""
    loss = next((one for one in disturbances.losses(history) if one.healed + AFTER_S == start), None)
    writes = [call for call in calls if call.verb != "kv-get" and call.outcome != "refused" and call.start < start]
    if loss is None or not writes:
        return ANY
    last = max(writes, key=lambda call: call.start)
    known = disturbances.known_before(history, loss) - LATE_WRITE_S
    others = [call for call in writes if call is not last]
    if last.ok and last.end < known and all(call.ok and call.end < last.start for call in others):
        return None if last.verb == "kv-delete" else str(last.args["value"])
    return ANY


def _op(call: Call, start: float, end: float) -> Op | None:
    """A call as an operation of the time from `start` to `end`; None when it says nothing about it."""
    began, ended = call.start, call.end
    if began >= end or (ended <= start and call.outcome != "unknown"):
        return None
    whole = began >= start and ended <= end
    if call.verb == "kv-get":
        if not whole or not call.ok:
            return None
        return Op(began, ended, "get", call.body, name=call.connection)
    if call.outcome == "refused" and (call.code != "precondition-failed" or not whole):
        return None
    sure = whole and call.outcome != "unknown"
    began, ended = max(began, start), ended if sure else INFINITY
    if call.verb == "kv-delete":
        return Op(began, ended, "put", None, sure=sure, name=call.connection)
    if "expected" not in call.args:
        return Op(began, ended, "put", call.args["value"], sure=sure, name=call.connection)
    refused = call.outcome == "refused"
    if refused and call.args.get("read_at", start) < start:
        return None  # what it compares with is a mark of before the loss
    return Op(
        began,
        ended,
        "refused" if refused else "swap",
        call.args["value"],
        expected=call.args["expected"],
        sure=sure,
        name=call.connection,
    )
