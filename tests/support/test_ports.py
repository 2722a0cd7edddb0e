from itertools import islice

import pytest

from tests.support import ports


@pytest.mark.parametrize("step", [1, 4])
@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_no_two_workers_give_out_one_port(monkeypatch: pytest.MonkeyPatch, workers: int, step: int) -> None:
    monkeypatch.setattr(ports, "WORKERS", workers)
    given: list[int] = []
    for worker in range(workers):
        monkeypatch.setattr(ports, "WORKER", worker)
        given += islice(ports.of_this_worker(1000, 1999, step), 1000 // workers // step)
    assert len(set(given)) == len(given) > 1000 // step - 2 * workers
    assert {(port + beside) for port in given for beside in range(step)} <= set(range(1000, 2000))


def test_they_come_round_again() -> None:
    found = ports.of_this_worker(1000, 1099)
    first = list(islice(found, 100 // ports.WORKERS))
    assert list(islice(found, len(first))) == first
