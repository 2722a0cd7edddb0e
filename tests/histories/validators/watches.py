"""A watch loses nothing: every state that stays reaches every watcher, in order, after a reconnect too."""

from bisect import bisect_right
from typing import Final

from tests.histories import disturbances
from tests.histories.lines import Call, History, Told
from tests.histories.verdict import Verdict

ARRIVES_S: Final = 1.0
"""How long an event may take to a watcher when nothing is broken, beside stalls."""


def check(history: History) -> Verdict:
    """What a look-up saw on a node, that node's watchers have been told, or something newer."""
    verdict = Verdict()
    told: dict[str, dict[str, list[Told]]] = {}
    for event in history.told:
        told.setdefault(event.connection, {}).setdefault(event.subject, []).append(event)
    streams: dict[str, list[Call]] = {}
    for stream in history.verbs("watch"):
        if stream.ok:
            streams.setdefault(stream.node, []).append(stream)
            _begins_whole(history, stream, told.get(stream.connection, {}), verdict)
    _brokers(history, [s for s in history.verbs("watch") if s.ok and not s.args["topics"]], told, verdict)
    stalls = disturbances.Stalls(history)
    for look in history.verbs("route"):
        if not look.ok or not look.revision:
            continue
        subject = f"topic:{look.args['topic']}"
        by = look.end + ARRIVES_S + stalls.between(look.end, look.end + ARRIVES_S)
        if disturbances.disturbed(history, look.node, look.end, by):
            continue
        for stream in streams.get(look.node, ()):
            if stream.args["topics"] and stream.start + ARRIVES_S < look.start and by < stream.end:
                _knows(look, stream, told.get(stream.connection, {}).get(subject, []), by, verdict)
    return verdict


def _brokers(history: History, streams: list[Call], told: dict[str, dict[str, list[Told]]], verdict: Verdict) -> None:
    """What a list said of each broker, those who watch all brokers on that node have been told, or something newer."""
    stalls = disturbances.Stalls(history)
    for look in history.verbs("brokers"):
        by = look.end + ARRIVES_S + stalls.between(look.end, look.end + ARRIVES_S)
        if not look.ok or disturbances.disturbed(history, look.node, look.end, by):
            continue
        for stream in streams:
            if stream.node != look.node or look.start < stream.start + ARRIVES_S or by > stream.end:
                continue
            for broker, (*_, said) in look.body.items():
                events = told.get(stream.connection, {}).get(f"broker:{broker}", [])
                place = bisect_right(events, by, key=lambda event: event.at)
                last = events[place - 1] if place else None
                known = last is not None and (last.revision > look.revision or last.body[3] == said)
                if not verdict.kept(known):
                    words = f"{stream.connection} was not told that {broker} is {said}"
                    verdict.violated(f"{words}, which {look.client} saw at {look.end:.3f} s, revision {look.revision}")


def _knows(look: Call, stream: Call, events: list[Told], by: float, verdict: Verdict) -> None:
    place = bisect_right(events, by, key=lambda event: event.at)
    last = events[place - 1] if place else None
    known = last is not None and (last.digest == look.digest or last.revision > look.revision)
    if not verdict.kept(known):
        heard = f"revision {last.revision} at {last.at:.3f} s" if last is not None else "nothing"
        seen = f"{look.args['topic']} at revision {look.revision}, seen by {look.client} at {look.end:.3f} s"
        verdict.violated(f"{stream.connection} was not told of {seen}; its last event was {heard}")


def _begins_whole(history: History, stream: Call, told: dict[str, list[Told]], verdict: Verdict) -> None:
    """A new stream begins with an event for each topic, whatever its reader has seen before."""
    by = stream.start + ARRIVES_S
    if by < stream.end and not disturbances.disturbed(history, stream.node, stream.start, by):
        lacking = [topic for topic in stream.args["topics"] if f"topic:{topic}" not in told]
        if not verdict.kept(not lacking):
            verdict.violated(f"{stream.connection} began without {lacking}")
