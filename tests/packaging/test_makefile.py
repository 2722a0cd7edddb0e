import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import CHECKOUT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


def _make(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["make", "-f", CHECKOUT / "Makefile", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_make_alone_lists_the_commands(tmp_path: Path) -> None:
    listed = _make(tmp_path).stdout
    for command in ("run", "demo", "test", "lint", "types"):
        assert f"make {command} " in listed


def test_an_old_python_is_refused_in_words(tmp_path: Path) -> None:
    old = tmp_path / "python-old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    run = _make(tmp_path, f"PYTHON={old}", ".venv/made")
    assert run.returncode != 0
    assert "needs Python 3.11 or newer" in run.stderr


def test_packages_that_cannot_be_had_are_told_in_words(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            "make",
            "-f",
            CHECKOUT / "Makefile",
            ".venv/made",
            "PIP=.venv/bin/python -m pip install --no-index --isolated",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert "could not be installed" in run.stderr
    assert not (tmp_path / ".venv" / "made").exists()


def test_the_pinned_versions_name_no_index() -> None:
    text = (CHECKOUT / "constraints.txt").read_text()
    assert "://" not in text
    assert "--" not in text
    pins = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(line.count("==") == 1 for line in pins)
