"""Whether operations on one register could have happened one at a time (Wing and Gong, with Lowe's memory)."""

from dataclasses import dataclass
from typing import Final, Literal

MOST_STEPS: Final = 400_000


class _Any:
    """A value that nobody knows yet."""

    def __repr__(self) -> str:
        return "ANY"


ANY: Final = _Any()
State = str | None | _Any
"""None is absence."""


@dataclass(frozen=True, slots=True)
class Op:
    """One operation. `get` returned `value`; `put` writes it; `swap` writes it if `expected` was there; `refused` is a
    swap that was told that it was not. Not `sure`: it may have happened at any time after its start, or never.
    """

    start: float
    end: float
    kind: Literal["get", "put", "swap", "refused"]
    value: str | None
    expected: str | None = None
    sure: bool = True
    name: str = ""


def step(op: Op, state: State) -> tuple[bool, State]:
    """Whether the operation could happen in this state, and the state after it."""
    match op.kind:
        case "get":
            return state is ANY or state == op.value, op.value
        case "put":
            return True, op.value
        case "swap":
            return state is ANY or state == op.expected, op.value
        case "refused":
            return state is ANY or state != op.expected, state


def explains(ops: list[Op], initial: State, most_steps: int = MOST_STEPS) -> bool | None:
    """Whether some order explains all sure operations; None when that is too much to find out."""
    ordered = sorted(ops, key=lambda op: op.start)
    sure = sum(1 << i for i, op in enumerate(ordered) if op.sure)
    seen: set[tuple[int, State]] = set()
    paths: list[tuple[int, State]] = [(0, initial)]
    steps = 0
    lowest = 0
    while paths:
        done, state = paths.pop()
        if done & sure == sure:
            return True
        if (done, state) in seen:
            continue
        seen.add((done, state))
        steps += 1
        if steps > most_steps:
            return None
        lowest = _first_open(done)
        paths.extend(_following(ordered, done, state, lowest))
    return False


def _first_open(done: int) -> int:
    """The first operation that is not done."""
    return (~done & (done + 1)).bit_length() - 1


def _following(ordered: list[Op], done: int, state: State, first: int) -> list[tuple[int, State]]:
    """Each operation that may come next, with what is done then; the ones to try first come last."""
    candidates: list[Op] = []
    places: list[int] = []
    earliest_end = float("inf")
    for i in range(first, len(ordered)):
        op = ordered[i]
        if op.start > earliest_end:
            break
        if done >> i & 1:
            continue
        candidates.append(op)
        places.append(i)
        earliest_end = min(earliest_end, op.end)
    found: list[tuple[int, int, State]] = []
    for i, op in zip(places, candidates, strict=True):
        if op.start <= earliest_end:
            possible, after = step(op, state)
            if possible:
                found.append((1 if op.sure else 0, i, after))
    found.sort(key=lambda one: (one[0], -ordered[one[1]].end))
    return [(done | 1 << i, after) for _, i, after in found]
