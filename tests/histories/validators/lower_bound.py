"""Promise 4: a broker that keeps beating is in every answer."""

from collections.abc import Iterator

from tests.histories.lines import Call, History
from tests.histories.lives import Window, own_calls, windows
from tests.histories.looks import Look, looks
from tests.histories.plan import always_topics
from tests.histories.verdict import Verdict


def check(history: History) -> Verdict:
    """Look-ups, lists of brokers, and what the brokers themselves are told."""
    verdict = Verdict()
    found = windows(history)
    by_topic: dict[str, list[Window]] = {}
    for broker, its in found.items():
        for topic in always_topics(broker.partition("/")[0]):
            by_topic.setdefault(topic, []).extend(its)
    for look in looks(history):
        for topic, window in _due(look, by_topic):
            name, _, number = window.broker.partition("/")
            groups = look.topics[topic] or {}
            if not verdict.kept(name in groups and number in groups[name][3]):
                verdict.violated(f"{_words(window)}, and is not in the route of {topic} ({look})")
    everybody = [window for its in found.values() for window in its]
    for call in history.verbs("brokers"):
        for window in everybody if call.ok else ():
            if _must_have(window, call.start, call.end, call.revision):
                state = call.body.get(window.broker, ["absent"])[0]
                if not verdict.kept(state in ("online", "suspect")):
                    verdict.violated(f"{_words(window)}, and is {state} for {call.connection} at {call.start:.3f} s")
    _told(history, found, verdict)
    return verdict


def _must_have(window: Window, start: float, end: float, revision: int) -> bool:
    return window.since <= start and end <= window.until and revision >= window.revision


def _due(look: Look, by_topic: dict[str, list[Window]]) -> Iterator[tuple[str, Window]]:
    for topic in look.topics:
        due = [window for window in by_topic.get(topic, ()) if _must_have(window, look.start, look.end, look.revision)]
        present = {window.broker for window in due}
        for window in due:
            if f"{window.broker.partition('/')[0]}/0" in present:  # it is the master who brings the topics
                yield topic, window


def _told(history: History, found: dict[str, list[Window]], verdict: Verdict) -> None:
    """No broker that must be there is told that it is not."""
    for broker, calls in own_calls(history).items():
        for call in calls:
            if call.verb != "beat":
                continue
            window = next((one for one in found[broker] if one.since <= call.start and call.end <= one.until), None)
            if window is not None and not verdict.kept(not _unknown(call)):
                verdict.violated(f"{_words(window)}, and is told to register at {call.start:.3f} s")


def _unknown(call: Call) -> bool:
    return call.status == 404 or "broker-not-found" in call.code


def _words(window: Window) -> str:
    return f"{window.broker} is alive from {window.since:.3f} to {window.until:.3f} s (revision {window.revision})"
