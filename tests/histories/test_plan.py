from itertools import pairwise

from tests.histories.plan import KINDS, plan
from tests.histories.trouble import TROUBLES


def test_a_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan(7, 60) == plan(7, 60)
    assert plan(7, 60) != plan(8, 60)


def test_faults_follow_each_other_and_end_before_the_run_does() -> None:
    for seed in range(30):
        faults = plan(seed, 120).faults
        assert len(faults) > 4
        assert all(one.at + one.lasts < other.at for one, other in pairwise(faults))
        assert faults[-1].at + faults[-1].lasts < 120


def test_every_kind_of_fault_comes_and_can_be_made() -> None:
    assert {fault.kind for seed in range(50) for fault in plan(seed, 120).faults} == KINDS.keys() == TROUBLES.keys()


def test_brokers_do_everything() -> None:
    steps = [step for broker in plan(3, 120).brokers for step in broker.steps]
    assert {step.act for step in steps} == {"register", "silence", "speak", "leave"}
    assert any(step.late for step in steps)
    assert all(one.at <= other.at for broker in plan(3, 120).brokers for one, other in pairwise(broker.steps))
