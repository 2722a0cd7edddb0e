"""What a broker registered last is what is served in the end: no older registration comes back over it."""

from tests.histories import disturbances
from tests.histories.lines import Call, History
from tests.histories.lives import LATE_WRITE_S, own_calls
from tests.histories.verdict import Verdict


def check(history: History) -> Verdict:
    """The routes that are asked for at the very end, for each group whose last registration was acknowledged."""
    verdict = Verdict()
    last = {broker.partition("/")[0]: _last(calls) for broker, calls in own_calls(history).items() if broker[-1] == "0"}
    for call in history.verbs("route"):
        name = call.args["topic"].removeprefix("own-")
        registered = last.get(name)
        if call.client != "last" or registered is None or _may_be_lost(history, registered):
            continue
        row = (call.body or {}).get(name)
        if row is not None and not verdict.kept(row[0] == registered.args["number"] + 1):
            said = f"registration {registered.args['number']} of {name}, acknowledged at {registered.end:.3f} s"
            verdict.violated(f"{said}, was the last, and node {call.node} shows number {row[0] - 1} in the end")
    return verdict


def _last(calls: list[Call]) -> Call | None:
    """The last registration, when it was acknowledged and none of unknown outcome can have come after it."""
    found: Call | None = None
    for call in calls:
        if call.verb != "register":
            continue
        if call.ok:
            found = call
        elif call.outcome == "unknown" and (found is None or call.args["number"] != found.args["number"]):
            found = None
    return found


def _may_be_lost(history: History, call: Call) -> bool:
    return any(
        disturbances.known_before(history, loss) - LATE_WRITE_S < call.end and call.start < loss.healed
        for loss in disturbances.losses(history)
    )
