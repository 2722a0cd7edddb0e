"""What a history is made of: one JSON line for each call with its answer, and for all else that validators need.

Times are seconds since the run began, on one monotonic clock.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import xxhash
from msgspec import Struct, field

INFINITY: Final = float("inf")

Outcome = Literal["ok", "refused", "unknown"]
"""`ok`: done, or told what there is. `refused`: a clear no, nothing changed. `unknown`: it may have happened."""


class Call(Struct, tag="call", tag_field="what", omit_defaults=True):
    """A request and its answer. `node` names the process too: `1.0` is the first start of node 1.

    `body` is what validators read of the answer (`answers.py`), `digest` stands for its bytes.
    """

    client: str
    connection: str
    node: str
    verb: str
    args: dict[str, Any]
    start: float
    end: float
    outcome: Outcome
    status: int = 0
    code: str = ""
    revision: int = 0
    digest: str = ""
    stale_ms: int = 0
    body: Any = None

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"


class Told(Struct, tag="told", tag_field="what", omit_defaults=True):
    """An event that a watcher read; `subject` is `topic:…` or `broker:…`."""

    client: str
    connection: str
    node: str
    subject: str
    at: float
    revision: int
    digest: str
    body: Any = None


class Fault(Struct, tag="fault", tag_field="what"):
    """From the moment in which it began to the one in which it was taken back, and until all nodes follow again.

    `healed` is infinite when they never did.
    """

    kind: str
    target: str
    start: float
    end: float
    healed: float


class Change(Struct, tag="change", tag_field="what", omit_defaults=True):
    """A change as the nodes list it; `at` is Redis' clock, moved onto ours."""

    revision: int
    kind: str
    at: float
    subjects: list[str]
    by: str = ""
    why: str = ""


class Reload(Struct, tag="reload", tag_field="what"):
    """A node says how often it has read its view whole, by why."""

    node: str
    at: float
    counts: dict[str, int]


class Stall(Struct, tag="stall", tag_field="what"):
    """This process woke up so late: what the machine took from everybody."""

    at: float
    seconds: float


class Member(Struct, tag="member", tag_field="what"):
    """A broker of the plan."""

    broker: str
    cluster: str
    role: str
    lease_s: float


Line = Call | Told | Fault | Change | Reload | Stall | Member

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Line).decode


def digest(body: bytes) -> str:
    """A short name for bytes."""
    return xxhash.xxh3_64_hexdigest(body)


def encode(line: Line) -> bytes:
    """One line, with its end. An infinite time becomes null, which `decode` takes for infinite."""
    if isinstance(line, Fault) and line.healed == INFINITY:
        line = Fault(line.kind, line.target, line.start, line.end, 1e9)
    return _encode(line) + b"\n"


def decode(lines: Iterable[bytes]) -> Iterator[Line]:
    """Lines as they were written."""
    return (_decode(line) for line in lines)


class History(Struct):
    """All lines of one run by kind, calls in the order of their starts."""

    calls: list[Call] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    reloads: list[Reload] = field(default_factory=list)
    stalls: list[Stall] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "History":
        """A history of lines in any order."""
        history = cls()
        places: dict[type[Any], list[Any]] = {
            Call: history.calls,
            Told: history.told,
            Fault: history.faults,
            Change: history.changes,
            Reload: history.reloads,
            Stall: history.stalls,
            Member: history.members,
        }
        for line in lines:
            places[type(line)].append(line)
        history.calls.sort(key=lambda call: call.start)
        history.faults.sort(key=lambda fault: fault.start)
        history.changes.sort(key=lambda change: change.revision)
        return history

    @classmethod
    def read(cls, file: Path) -> "History":
        """A history from its file."""
        with file.open("rb") as lines:
            return cls.of(decode(lines))

    def verbs(self, *verbs: str) -> Iterator[Call]:
        """The calls of some verbs."""
        return (call for call in self.calls if call.verb in verbs)
