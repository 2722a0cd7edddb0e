import msgspec

from nsredis.wire.convergence_types import ConvergenceAnswer, NodeProgress


def test_every_fact_is_told_in_camel_case() -> None:
    answer = ConvergenceAnswer(3, converged=False, items=[NodeProgress("n", 0, 0, ready=False, applied=False)])
    content = msgspec.to_builtins(answer)
    assert content == {
        "revision": 3,
        "converged": False,
        "items": [{"id": "n", "revision": 0, "lagMs": 0, "ready": False, "applied": False}],
    }
    assert msgspec.convert({**content, "fromTheFuture": 1}, ConvergenceAnswer) == answer
