"""What the experiments measured: collected in one file, from which docs/reliability.md is made."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from nsredis.bench.machine import machine_facts


@dataclass(frozen=True)
class Note:
    """One experiment. None: not measured, or without meaning here."""

    row: int
    fault: str
    promises: tuple[int, ...]
    wrong: int
    removed: int
    look_ups: int | None = None
    share_right: float | None = None
    longest_gap_s: float | None = None
    stalled_s: float | None = None
    staleness_s: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    recovery_s: float | None = None
    writes_lost: int | None = None
    extra: Mapping[str, str | float] = field(default_factory=dict)
    day: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).date().isoformat())


class Figures:
    """The notes of a run."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    def note(
        self,
        *,
        row: int,
        fault: str,
        promises: tuple[int, ...],
        wrong: int,
        removed: Sequence[str] = (),
        look_ups: int | None = None,
        share_right: float | None = None,
        longest_gap_s: float | None = None,
        stalled_s: float | None = None,
        staleness_s: float | None = None,
        p50_ms: float | None = None,
        p99_ms: float | None = None,
        recovery_s: float | None = None,
        writes_lost: int | None = None,
        extra: Mapping[str, str | float] | None = None,
    ) -> None:
        """Keep what one experiment found. In none may an answer be wrong or a broker that lives be removed.

        `row`: the fault's number; `fault`: what is done, in a few words; `promises`: their numbers in
        docs/architecture.md; `removed`: what `LivingBrokers.removed` found; `extra`: further figures by name. The rest
        is what `LookupLoad.figures` gives.
        """
        self.notes.append(
            Note(
                row,
                fault,
                promises,
                wrong,
                len(removed),
                look_ups,
                share_right,
                longest_gap_s,
                stalled_s,
                staleness_s,
                p50_ms,
                p99_ms,
                recovery_s,
                writes_lost,
                extra or {},
            )
        )
        assert wrong == 0, "a look-up was answered wrongly"
        assert not removed, f"a broker that lives was removed: {list(removed)[:5]}"

    def write(self, file: Path) -> None:
        """Put the notes into the file, in place of those that it has of the same experiments."""
        kept = {(one["row"], one["fault"]): one for one in _notes_of(file)}
        kept |= {(one.row, one.fault): asdict(one) for one in self.notes}
        content = {"machine": machine_facts(), "notes": [kept[key] for key in sorted(kept)]}
        file.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _notes_of(file: Path) -> list[dict[str, object]]:
    return orjson.loads(file.read_bytes())["notes"] if file.exists() else []


def read(file: Path) -> tuple[dict[str, str], list[Note]]:
    """The machine's facts and the notes of a file."""
    content = orjson.loads(file.read_bytes())
    notes = [Note(**{**one, "promises": tuple(one["promises"])}) for one in content["notes"]]
    return content["machine"], notes
