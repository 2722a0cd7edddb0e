"""The files of the project: those that git knows, or, where there is no git, all that are not made by a tool."""

import subprocess
from pathlib import Path
from typing import Final

from tests.support.processes import CHECKOUT

MADE_BY_TOOLS: Final = {".venv", ".git", "__pycache__", "build", "dist", "data"}
PICTURES: Final = {".png", ".ico", ".gz"}


def _listed_by_git() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return [CHECKOUT / name for name in listed.split("\0") if name]


def _found() -> list[Path]:
    return [
        path
        for path in CHECKOUT.rglob("*")
        if not any(
            part in MADE_BY_TOOLS or part.endswith(("_cache", ".egg-info")) for part in path.relative_to(CHECKOUT).parts
        )
    ]


TRACKED: Final = sorted(path for path in _listed_by_git() or _found() if path.is_file() and path.suffix not in PICTURES)
"""Every text file of the project."""
