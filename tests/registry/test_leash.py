import subprocess
import sys
from pathlib import Path

import pytest

from nsredis.registry import leash
from nsredis.registry.leash import leashed
from tests.support.eventually import eventually
from tests.support.processes import alive, python

LEASH = str(Path(leash.__file__))

PARENT = """
import subprocess, sys
from nsredis.registry.leash import leashed
with open(sys.argv[1], "wb") as file:
    program = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = subprocess.Popen(leashed(program, file.fileno()), pass_fds=(file.fileno(),))
print(child.pid, flush=True)
child.wait()
"""


async def test_the_program_keeps_the_process_id_and_ends_with_its_parent(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux ends a child with its parent")
    lock = tmp_path / "lock"
    parent = python("-c", PARENT, lock)
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        await eventually(lambda: lock.read_text() == str(pid))
        assert alive(pid)
        parent.kill()
    await eventually(lambda: not alive(pid))


def test_a_program_whose_parent_is_gone_already_is_not_run(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("wb") as lock:
        run = python(LEASH, "1", str(lock.fileno()), sys.executable, "-c", "print('ran')")
        out, _ = run.communicate()
    assert run.returncode == 1
    assert out == ""
    assert (tmp_path / "lock").stat().st_size == 0


def test_without_a_lock_it_only_runs_the_program() -> None:
    run = subprocess.run(leashed([sys.executable, "-c", "print('ran')"]), capture_output=True, text=True, check=True)
    assert run.stdout == "ran\n"


def test_a_program_that_is_not_there_is_named() -> None:
    run = subprocess.run(leashed(["/does/not/exist"]), capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr == "cannot run /does/not/exist: No such file or directory\n"
