from tests.histories.lines import Call, Member
from tests.histories.validators.brake import check
from tests.histories.written import change, fault, history, mark, member, route

MASS = [member(f"m{i}/0", "mass", "two") for i in range(8)]
SILENT = [mark(f"m{i}/0", 5.0) for i in range(5)]
SPEAK = [mark(f"m{i}/0", 11.0, "speak") for i in range(5)]
ALL: list[Member | Call] = [*MASS, *SILENT, *SPEAK, route("orders", 20.0, {})]
HELD = change("brake-held", 7.1, 5, "brake:two")


def _gone(count: int, at: float = 7.0) -> list[object]:
    return [change("expire", at, 10 + i, f"broker:m{i}/0") for i in range(count)]


def test_two_who_went_before_the_third_fell_silent_are_fine() -> None:
    found = check(history(*ALL, HELD, *_gone(2)))  # type: ignore[arg-type]
    assert (found.checked, found.violations) == (2, [])


def test_three_went() -> None:
    found = check(history(*ALL, HELD, *_gone(3)))  # type: ignore[arg-type]
    assert "m0/0', 'm1/0', 'm2/0'] were removed" in found.violations[0]


def test_the_brake_never_engaged() -> None:
    assert "engaged no brake" in check(history(*ALL)).violations[0]
    assert check(history(*ALL, fault("store-stop", 6.0, 9.0))).violations == []


def test_few_who_fall_silent_may_go() -> None:
    two = [*MASS, *SILENT[:2], *SPEAK[:2], route("orders", 20.0, {})]
    assert check(history(*two, *_gone(2))).violations == []  # type: ignore[arg-type]
