"""Promise 8: whoever does not know says so. No success is empty while brokers are there all the time."""

from tests.histories.lines import Call, History
from tests.histories.plan import SHARED_TOPICS
from tests.histories.verdict import Verdict

STARTED_S = 2.0
"""By then all nodes have heard of the first registrations, whatever came in between."""


def check(history: History) -> Verdict:
    """Lists and routes of what is always there, at all nodes, faults or not."""
    verdict = Verdict()
    began = _began(history)
    for call in history.verbs("route", "routes", "topics", "clusters", "brokers"):
        if not call.ok or call.start < began:
            continue
        if call.verb == "route" and call.args["topic"] not in SHARED_TOPICS:
            continue
        if not verdict.kept(_shows_something(call)):
            verdict.violated(
                f"{call.verb} {call.args} is empty for {call.client} at node {call.node}, {call.start:.3f} s"
            )
    return verdict


def _began(history: History) -> float:
    """When all steady brokers were registered, and everybody had time to hear of it."""
    steady = {member.broker for member in history.members if member.role == "steady"}
    ends: dict[str, float] = {}
    for call in history.verbs("register"):
        if call.ok and call.args["broker"] in steady:
            ends.setdefault(call.args["broker"], call.end)
    return max(ends.values()) + STARTED_S if ends.keys() == steady and ends else float("inf")


def _shows_something(call: Call) -> bool:
    if call.verb == "routes":
        return all((call.body or {}).get(topic) for topic in SHARED_TOPICS)
    return bool(call.body)
