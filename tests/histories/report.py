"""What a run is summed up as, for people."""

from collections import Counter

from tests.histories.lines import History
from tests.histories.verdict import Verdict


def table(history: History, verdicts: dict[str, Verdict]) -> str:
    """One line for each promise, and what the run consisted of."""
    outcomes = Counter(call.outcome for call in history.calls if call.node)
    faults = Counter(fault.kind for fault in history.faults)
    stalls = [stall.seconds for stall in history.stalls]
    answered = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    lines = [
        f"calls   {sum(outcomes.values())}: {answered}; {len(history.told)} events told",
        f"faults  {', '.join(f'{kind} {count}' for kind, count in sorted(faults.items())) or 'none'}",
        f"machine stalled {sum(stalls):.1f} s in all, {max(stalls, default=0.0):.2f} s at most",
        "",
        f"{'promise':<26}{'checked':>9}{'violations':>12}",
    ]
    lines += [f"{name:<26}{verdict.checked:>9}{verdict.count:>12}" for name, verdict in verdicts.items()]
    return "\n".join(lines)


def violations(verdicts: dict[str, Verdict]) -> list[str]:
    """All that was found, a line each."""
    return [f"{name}: {words}" for name, verdict in verdicts.items() for words in verdict.violations]


def rerun(seed: int, seconds: float) -> str:
    """The command that plays the same plan again."""
    return f"python -m tests.histories --seed {seed} --seconds {seconds:g}"
