from itertools import pairwise

from tests.histories.plan import KINDS, OF_A_NODE, SENTINEL_KINDS, plan
from tests.histories.trouble import TROUBLES


def test_a_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan(7, 60) == plan(7, 60)
    assert plan(7, 60) != plan(8, 60)


def test_faults_that_overlap_meet_a_node_and_the_store_and_all_end_before_the_run_does() -> None:
    overlapping = 0
    for seed in range(30):
        faults = plan(seed, 120).faults
        assert len(faults) > 4
        for one, other in pairwise(faults):
            if one.at + one.lasts >= other.at:
                overlapping += 1
                assert (one.kind in OF_A_NODE) != (other.kind in OF_A_NODE)
        assert all(fault.at + fault.lasts < 120 for fault in faults)
    assert overlapping > 30


def test_every_kind_of_fault_comes_and_can_be_made() -> None:
    for kinds in (KINDS, SENTINEL_KINDS):
        assert {fault.kind for seed in range(50) for fault in plan(seed, 120, kinds).faults} == kinds.keys()
    assert KINDS.keys() | SENTINEL_KINDS.keys() == TROUBLES.keys()


def test_brokers_do_everything() -> None:
    steps = [step for broker in plan(3, 120).brokers for step in broker.steps]
    assert {step.act for step in steps} == {"register", "silence", "speak", "leave"}
    assert any(step.late for step in steps)
    assert all(one.at <= other.at for broker in plan(3, 120).brokers for one, other in pairwise(broker.steps))
