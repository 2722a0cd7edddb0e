import platform

from nsredis.bench.machine import machine_facts


def test_the_machine_is_told() -> None:
    facts = machine_facts()
    assert all(facts.values())
    assert int(facts["cores"]) >= 1
    assert facts["python"].endswith(platform.python_version())
