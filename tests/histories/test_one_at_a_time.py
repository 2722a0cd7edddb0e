import random

from tests.histories.one_at_a_time import ANY, Op, explains


def test_a_register_that_is_one_is_explained_however_many_write_at_once() -> None:
    """A real register, operations that overlap: the moment at which each happens lies within it."""
    for seed in range(20):
        draw = random.Random(seed)
        state: str | None = None
        ops: list[Op] = []
        for i in range(300):
            at = i + draw.random() / 2
            start, end = at - draw.uniform(0, 4), at + draw.uniform(0, 4)
            if draw.random() < 0.5:
                state = f"v{i}"
                ops.append(Op(start, end, "put", state))
            else:
                ops.append(Op(start, end, "get", state))
        assert explains(ops, None) is True
        assert explains(ops, ANY) is True


def test_one_stale_read_among_many_is_found() -> None:
    ops = [Op(i, i + 0.5, "put", f"v{i}") for i in range(500)]
    ops += [Op(i + 0.6, i + 0.9, "get", f"v{i}") for i in range(500)]
    assert explains(ops, None) is True
    assert explains([*ops, Op(300.92, 300.95, "get", "v299")], None) is False


def test_many_writes_that_nobody_knows_of_do_not_take_long() -> None:
    ops = [Op(i, float("inf"), "put", f"lost{i}", sure=False) for i in range(15)]
    ops += [Op(20 + i, 20.5 + i, "put", f"v{i}") for i in range(200)]
    ops += [Op(20.6 + i, 20.8 + i, "get", f"v{i}") for i in range(200)]
    assert explains(ops, None) is True
    assert explains([*ops, Op(300, 301, "get", "lost3"), Op(302, 303, "get", "lost7")], None) is True


def test_it_gives_up_rather_than_never_end() -> None:
    ops = [Op(0, 100, "put", f"v{i}") for i in range(40)] + [Op(101, 102, "get", "nothing")]
    assert explains(ops, None, most_steps=1000) is None
