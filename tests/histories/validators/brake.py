"""Promise 9: when most of a cluster falls silent together, removal waits."""

from itertools import pairwise
from typing import Final

from tests.histories import disturbances
from tests.histories.lines import History
from tests.histories.lives import own_calls
from tests.histories.verdict import Verdict

LEAST: Final = 3
PERCENT: Final = 30
ALMOST_S: Final = 0.6
"""Who falls silent within this time falls silent together."""


def check(history: History) -> Verdict:
    """In each mass silence, no more brokers go than are believed to be dead."""
    verdict = Verdict()
    mass = {member.broker: member for member in history.members if member.role == "mass"}
    if not mass:
        return verdict
    lease_s = next(iter(mass.values())).lease_s
    allowed = max(LEAST - 1, len(mass) * PERCENT // 100)
    for start, end, silent in silences(history):
        if len(silent) <= allowed:
            continue
        gone: set[str] = set()
        for change in history.changes:
            if change.kind in ("expire", "lost") and start <= change.at <= end:
                gone |= {broker for broker in silent if f"broker:{broker}" in change.subjects}
        if not verdict.kept(len(gone) <= allowed):
            verdict.violated(f"of the silence at {start:.3f} s, {sorted(gone)} were removed")
        if end - start > lease_s + 1.0 and not disturbances.anything(history, start - lease_s, end):
            held = any(
                change.kind == "brake-held" and start <= change.at <= end + lease_s for change in history.changes
            )
            if not verdict.kept(held):
                verdict.violated(f"the silence at {start:.3f} s engaged no brake")
    return verdict


def silences(history: History) -> list[tuple[float, float, set[str]]]:
    """Each time in which mass brokers were silent together: from the first's last word to the first one's next."""
    marks: list[tuple[float, float, str]] = []
    mass = {member.broker for member in history.members if member.role == "mass"}
    ends = max((call.end for call in history.verbs("route")), default=0.0)
    for broker, calls in own_calls(history).items():
        said = [call for call in calls if call.verb in ("silence", "speak")] if broker in mass else []
        for one, following in pairwise([*said, None]):
            if one is not None and one.verb == "silence":
                marks.append((one.start, following.start if following is not None else ends, broker))
    found: list[tuple[float, float, set[str]]] = []
    for start, end, broker in sorted(marks):
        if found and start <= found[-1][0] + ALMOST_S:
            first, earliest, brokers = found[-1]
            found[-1] = (first, min(earliest, end), brokers | {broker})
        else:
            found.append((start, end, {broker}))
    return found
