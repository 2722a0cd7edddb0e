import os
import platform
import subprocess
import sys

from nsredis.bench.kernel.cores import move
from nsredis.bench.machine import machine_facts


def test_the_machine_is_told() -> None:
    facts = machine_facts()
    assert all(facts.values())
    assert int(facts["cores"]) >= 1
    assert facts["python"].endswith(platform.python_version())


def test_a_process_is_moved_to_other_cores() -> None:
    core = min(os.sched_getaffinity(0))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        move(process.pid, frozenset({core}))
        assert os.sched_getaffinity(process.pid) == {core}
        process.communicate(b"\n")
