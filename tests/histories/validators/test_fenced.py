from tests.histories.validators.fenced import check
from tests.histories.written import beat, history, leave, member, register

LIVES = (
    member("a/0"), register("a/0", 1.0, epoch=10), register("a/0", 5.0, epoch=20, instance=2, revision=2),
    beat("a/0", 6.0, epoch=20), beat("a/0", 7.0, epoch=20),
)  # fmt: skip


def test_refused_late_words_are_fine_and_so_is_a_leave_of_who_is_gone() -> None:
    found = check(
        history(
            *LIVES,
            leave("a/0", 6.5, epoch=10, outcome="refused", late=True),
            beat("a/0", 6.6, epoch=10, outcome="refused", status=409, late=True),
            leave("a/0", 19.0, epoch=10, late=True),
        )
    )
    assert (found.checked, found.violations) == (4, [])


def test_a_late_leave_that_succeeds() -> None:
    found = check(history(*LIVES, leave("a/0", 6.5, epoch=10, late=True)))
    assert "leave of epoch 10 of a/0 is a success" in found.violations[0]


def test_a_late_beat_that_succeeds() -> None:
    assert check(history(*LIVES, beat("a/0", 6.5, epoch=10, late=True))).count == 1


def test_an_epoch_that_does_not_grow() -> None:
    assert check(history(*LIVES, register("a/0", 8.0, epoch=20, instance=3))).count == 1
    assert check(history(*LIVES, register("a/0", 8.0, epoch=20, instance=2))).violations == []
