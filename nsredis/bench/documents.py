"""What a run leaves behind in a folder: JSON, and the pages that are made of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from nsredis.bench.capacity.figures import NAME as CAPACITY
from nsredis.bench.capacity.page import page as capacity_page
from nsredis.bench.chart import chart
from nsredis.bench.page import page
from nsredis.bench.results import Run
from nsredis.bench.scenarios import SCENARIOS


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON of some scenarios, and what is made of it, by the ends of the files' names."""

    name: str
    scenarios: Collection[str]
    made: Mapping[str, Callable[[Run], str]]


DOCUMENTS: Final = (
    Document("performance", SCENARIOS.keys() - {CAPACITY}, {"svg": chart, "md": page}),
    Document(CAPACITY, {CAPACITY}, {"md": capacity_page}),
)


def write_into(folder: Path, run: Run) -> None:
    """Write the documents of the scenarios that ran; what the JSON there has of other scenarios is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for document in DOCUMENTS:
        measured = [one for one in run.measurements if one.scenario in document.scenarios]
        if not measured:
            continue
        path = folder / f"{document.name}.json"
        older = msgspec.json.decode(path.read_bytes(), type=Run) if path.exists() else Run({})
        part = Run(run.facts, run.servers, run.missing, measured)
        whole = _rounded(_together(older, part))  # the pages are made of what the JSON says
        path.write_bytes(_by_lines(whole))
        for ending, make in document.made.items():
            (folder / f"{document.name}.{ending}").write_text(make(whole))


def _together(older: Run, newer: Run) -> Run:
    measured = {one.scenario for one in newer.measurements}
    kept = [one for one in older.measurements if one.scenario not in measured]
    order = list(SCENARIOS)
    earlier = {one.scenario: older.earlier.get(one.scenario, older.made) for one in kept}
    return Run(
        facts=newer.facts,
        servers=older.servers | newer.servers,
        missing={name: why for name, why in newer.missing.items() if why != "not asked for"},
        measurements=sorted(kept + newer.measurements, key=lambda one: order.index(one.scenario)),
        earlier={scenario: made for scenario, made in earlier.items() if made != newer.made},
    )


def _by_lines(run: Run) -> bytes:
    """As JSON with a line for each measurement, so that it is short and its changes can be read."""
    head = msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(run, measurements=[])), indent=1)
    lines = b",\n".join(b"  " + msgspec.json.encode(one) for one in run.measurements)
    return head.replace(b'"measurements": []', b'"measurements": [\n%b\n ]' % lines) + b"\n"


def _rounded(run: Run) -> Run:
    """Without digits that mean nothing, which would only make the file long."""
    measurements = [
        msgspec.structs.replace(
            one,
            metrics={name: [float(f"{value:.5g}") for value in values] for name, values in one.metrics.items()},
        )
        for one in run.measurements
    ]
    return msgspec.structs.replace(run, measurements=measurements)
