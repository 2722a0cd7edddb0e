from tests.histories.lines import Call
from tests.histories.validators.converged import check
from tests.histories.written import fault, history


def _last(node: str, digest: str, *, at: float = 1.0, revision: int = 7) -> Call:
    return Call(
        "last",
        "last",
        node,
        "last",
        {"asked": "/v1/topics"},
        at,
        at,
        "ok",
        status=200,
        revision=revision,
        digest=digest,
    )


def test_equal_in_the_end_is_fine() -> None:
    found = check(history(_last("0.1", "old"), _last("0.1", "x", at=2.0), _last("1.1", "x"), fault("hole", 0.1, 0.5)))
    assert (found.checked, found.violations) == (3, [])


def test_other_bytes_or_another_revision() -> None:
    assert check(history(_last("0.1", "x"), _last("1.1", "y"))).count == 1
    assert check(history(_last("0.1", "x"), _last("1.1", "x", revision=8))).count == 1


def test_a_node_that_refuses() -> None:
    refuses = Call("last", "last", "1.1", "last", {"asked": "/v1/topics"}, 1.0, 1.0, "refused", status=503)
    assert check(history(_last("0.1", "x"), refuses)).count >= 1


def test_a_fault_that_was_never_got_over() -> None:
    assert "do not follow again" in check(history(fault("hole", 1.0, 2.0, healed=1e9))).violations[0]
