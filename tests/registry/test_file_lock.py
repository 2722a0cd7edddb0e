import subprocess
import sys
from pathlib import Path

from nsredis.registry.file_lock import FileLock


def test_one_holds_it_until_it_lets_go(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_acquire()
    assert first.try_acquire()
    assert first.held
    assert not second.try_acquire()
    assert not second.held
    first.release()
    assert second.try_acquire()
    second.release()


def test_a_child_that_inherited_it_holds_it_until_it_ends(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_acquire()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(first.descriptor,))
    first.release()
    assert not second.try_acquire()
    child.communicate(b"\n")
    assert second.try_acquire()
    second.release()


def test_a_child_that_did_not_inherit_it_does_not_hold_it(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_acquire()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    first.release()
    assert second.try_acquire()
    second.release()
    child.communicate(b"\n")
