from tests.histories.validators.linearizable import check
from tests.histories.written import fault, history, kv


def test_one_order_is_found_where_calls_overlap() -> None:
    found = check(
        history(
            kv("kv-put", "k", 1.0, 2.0, "a"), kv("kv-put", "k", 1.5, 3.0, "b"), kv("kv-get", "k", 1.6, 1.9, "b"),
            kv("kv-get", "k", 2.1, 2.9, "a"), kv("kv-delete", "k", 4.0, 5.0, None), kv("kv-get", "k", 6.0, 7.0, None),
        )
    )  # fmt: skip
    assert found.violations == []
    assert found.checked >= 6


def test_a_stale_read() -> None:
    found = check(
        history(
            kv("kv-put", "k", 1.0, 2.0, "a"), kv("kv-put", "k", 3.0, 4.0, "b"), kv("kv-get", "k", 5.0, 6.0, "a"),
            kv("kv-put", "other", 5.0, 6.0, "a"),
        )
    )  # fmt: skip
    assert "3 operations on k" in found.violations[0]
    assert found.count == 1


def test_a_write_of_unknown_outcome_may_happen_later_or_never() -> None:
    maybe = kv("kv-put", "k", 1.0, 2.0, "a", outcome="unknown", code="outcome-unknown")
    late = kv("kv-put", "k", 3.0, 4.0, "b"), kv("kv-get", "k", 5.0, 6.0, "a")
    assert check(history(maybe, *late)).violations == []
    assert check(history(maybe, late[0], kv("kv-get", "k", 5.0, 6.0, "b"))).violations == []
    back = kv("kv-get", "k", 7.0, 8.0, "b")
    assert check(history(maybe, *late, back)).count == 1


def test_a_write_that_was_refused_did_not_happen() -> None:
    refused = kv("kv-put", "k", 3.0, 4.0, "b", outcome="refused", code="store-unavailable")
    put = kv("kv-put", "k", 1.0, 2.0, "a")
    assert check(history(put, refused, kv("kv-get", "k", 5.0, 6.0, "a"))).violations == []
    assert check(history(put, refused, kv("kv-get", "k", 5.0, 6.0, "b"))).count == 1


def test_two_swaps_of_the_same_value() -> None:
    put = kv("kv-put", "k", 1.0, 2.0, "a")
    one = kv("kv-put", "k", 3.0, 4.0, "b", expected="a", read_at=2.5)
    both = kv("kv-put", "k", 3.1, 4.1, "c", expected="a", read_at=2.6)
    lost = kv(
        "kv-put", "k", 3.1, 4.1, "c", expected="a", read_at=2.6, outcome="refused", code="precondition-failed"
    )  # fmt: skip
    assert check(history(put, one, lost)).violations == []
    assert check(history(put, one, both)).count == 1


def test_a_swap_that_was_refused_though_nothing_had_changed() -> None:
    put = kv("kv-put", "k", 1.0, 2.0, "a")
    refused = kv("kv-put", "k", 3.0, 4.0, "b", expected="a", read_at=2.5, outcome="refused", code="precondition-failed")
    assert check(history(put, refused)).count == 1


def test_an_emptied_store_begins_anew() -> None:
    calls = kv("kv-put", "k", 1.0, 2.0, "a"), kv("kv-put", "k", 3.0, 4.0, "b"), kv("kv-get", "k", 9.0, 9.5, "a")
    assert check(history(*calls)).count == 1
    assert check(history(*calls, fault("flush", 4.5, 4.5))).violations == []
    old = calls[0], calls[1], kv("kv-get", "k", 19.0, 19.5, "a")
    assert check(history(*old, fault("flush", 14.5, 14.5))).count == 1  # all nodes knew the last write
    assert check(history(*old[:2], kv("kv-get", "k", 19.0, 19.5, "b"), fault("flush", 14.5, 14.5))).violations == []
    again = kv("kv-put", "k", 10.0, 11.0, "c"), kv("kv-get", "k", 12.0, 13.0, "a")
    assert check(history(*calls, fault("flush", 4.5, 4.5), *again)).count == 1
