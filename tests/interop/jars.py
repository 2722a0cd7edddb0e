"""The jars of a release, and our own small programs compiled against them, in a cache that outlives the tests.

`python -m tests.interop.jars` fills the cache. It is `~/.cache/nsredis/jars`, or what NSREDIS_JARS says.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from tests.interop.releases import HERE, MEASURED, RELEASE_4, RELEASE_5, Release

FETCH_S = 600
COMPILE_S = 120
WHAT_TO_INSTALL = "on Debian and Ubuntu: apt install openjdk-17-jdk-headless maven"


class ToolMissing(Exception):
    """Java or Maven is not installed here."""


def tool(name: str) -> str:
    """The path of java, javac or mvn."""
    path = shutil.which(name)
    if path is None:
        raise ToolMissing(f"the interop tests need {name}, and there is none here; {WHAT_TO_INSTALL}")
    return path


@cache
def jars(release: Release) -> Path:
    """The folder with every jar of a release. Maven fetches them once."""
    key = _digest([release.pom])

    def fetch(folder: Path) -> None:
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
        _run([tool("mvn"), "-q", "-B", "-f", str(release.pom), *goal], FETCH_S)

    return _once(f"{release}-{key}", fetch)


@cache
def programs(release: Release) -> Path:
    """The folder with our own programs' classes, for a release."""
    sources = sorted((HERE / "java").glob("*.java"))
    if release.major >= 5:
        sources += sorted((HERE / "java" / "since5").glob("*.java"))
    library = jars(release)

    def compile_them(folder: Path) -> None:
        _run([tool("javac"), "-nowarn", "-cp", f"{library}/*", "-d", str(folder), *map(str, sources)], COMPILE_S)

    return _once(f"{release}-programs-{_digest([release.pom, *sources])}", compile_them)


def class_path(release: Release) -> str:
    """What java's `-cp` takes to run anything of a release, and our programs."""
    return f"{programs(release)}:{jars(release)}/*"


def _cache_folder() -> Path:
    return Path(os.environ.get("NSREDIS_JARS") or Path.home() / ".cache" / "nsredis" / "jars").absolute()


def _digest(files: Iterable[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _once(name: str, fill: Callable[[Path], None]) -> Path:
    """A folder of the cache, filled by whoever comes first; a half-filled one is never seen under its name."""
    folder = _cache_folder() / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            half = folder.with_name(f"{name}.half")
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir()
            fill(half)
            half.rename(folder)
    return folder


def _run(command: list[str], within_s: float) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def main() -> None:
    """Fill the cache."""
    try:
        for release in (RELEASE_5, RELEASE_4):
            print(f"RocketMQ {release}: {jars(release)}, {programs(release)}")  # noqa: T201
        print(f"RocketMQ {MEASURED}: {jars(MEASURED)}")  # noqa: T201
    except ToolMissing as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
