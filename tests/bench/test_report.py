from nsredis.bench.figures import Figure
from nsredis.bench.report import document, rows

FIGURES = [
    Figure("reads", "/s", 12345.6, [12000.0, 12345.6, 13000.0], "GETs", busy=0.291),
    Figure("delay", "ms", 1.234, [1.2, 1.234, 1.3], "changes", details={"p50": 1.234, "p99": 5.0}),
]


def test_rows_are_for_people() -> None:
    assert rows(FIGURES) == [
        ("reads", "12,346 /s", "12,000 12,346 13,000", "GETs; the client itself was busy for 29 %"),
        ("delay", "1.23 ms", "1.20 1.23 1.30", "changes: p50 1.23, p99 5.00 ms"),
    ]


def test_the_document_is_for_programs() -> None:
    said = document({"cores": "2"}, FIGURES)
    assert said["facts"] == {"cores": "2"}
    reads, delay = said["figures"]
    assert (reads["median"], reads["clientBusy"]) == (12345.6, 0.291)
    assert (delay["p99"], "clientBusy" in delay) == (5.0, False)
