"""Runs loads: by the compiled program where there is a compiler, else by Python processes."""

import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Generic, TypeVar

import msgspec

from nsredis.bench.failures import LoadFailed
from nsredis.bench.kernel.cores import Cores, on_cores
from nsredis.bench.load.latency import Latencies
from nsredis.bench.load.plan import Order, Plan
from nsredis.registry.leash import leashed

HERE: Final = Path(__file__).parent
READY_S: Final = 60.0
LAST_S: Final = 25.0
"""How long after its time a load may take for its last answers."""

COMPILE_S: Final = 60
COMPILERS: Final = ("cc", "gcc", "clang")

T = TypeVar("T")


class _Said(msgspec.Struct, rename="camel"):
    answers: int
    within: int
    seconds: float
    lasted: float
    checked: int
    wrong: int
    reordered: int
    first_wrong: str
    worked: float
    queued: float
    buckets: dict[str, int]


@dataclass(frozen=True, slots=True)
class LoadResult(Generic[T]):
    """What a load found. `answers` counts all, `rate` those in its time; `before` and `after` are what was sampled."""

    answers: int
    rate: float
    lasted_s: float
    busy: float
    """The part of the time for which the busiest of the load's processes worked."""
    queued: float
    """The part for which it waited for a core."""
    latencies: Latencies
    before: T
    after: T
    wrong_share: float
    """The part of all answers, also those before the time started, that were not what they must be."""
    first_wrong: str


class Generator:
    """Makes loads on servers of this machine, from the load's own cores."""

    def __init__(self, folder: Path, cores: Cores, *, compiled: bool = True) -> None:
        self._folder = folder
        self._cores = cores
        self._command = self._compile() if compiled else None
        self.kind = "compiled" if self._command else "Python"
        if self._command is None:
            self._command = [sys.executable, "-m", "nsredis.bench.load.pure"]
        self._most = len(cores.load)

    def _compile(self) -> list[str] | None:
        compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
        program = self._folder / "load"
        if compiler is None:
            return None
        sources = [str(HERE / "load.c"), str(HERE / "plan.c")]
        made = subprocess.run(  # noqa: S603 - the compiler of this machine on our own sources
            [compiler, "-O2", "-o", str(program), *sources], capture_output=True, timeout=COMPILE_S, check=False
        )
        return [str(program)] if made.returncode == 0 else None

    def run(
        self,
        port: int,
        plan: Plan,
        sample: Callable[[], T],
        *,
        connections: int,
        depth: int = 1,
        seconds: float,
        rate: float = 0.0,
        forgiving: bool = False,
        proof: Callable[[], None] | None = None,
    ) -> LoadResult[T]:
        """One load. `sample` is called just before and just after, and then `proof`: all are still connected.

        LoadFailed when an answer is not, byte for byte, what it must be. `forgiving`: wrong answers count as answers,
        and the same parts in another order are right.
        """
        parts = min(self._most, connections)
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(dir=self._folder)))
            processes = []
            for number in range(parts):
                path = folder / str(number)
                plan.part(number, parts).write(path)
                share = connections // parts + (number < connections % parts)
                processes.append(stack.enter_context(self._start(port, path, share, depth, seconds, rate / parts)))
            for process in processes:
                if _line(process, READY_S) != b"ready\n":
                    raise LoadFailed(_last_words(process))
            before = sample()
            for process in processes:
                _go(process)
            said = [_result(process, seconds + LAST_S) for process in processes]
            after = sample()
            if proof is not None and any(one.wrong < one.checked for one in said):  # else nothing was taken
                proof()
        wrong = next((one for one in said if one.wrong or one.reordered), None)
        if wrong and not forgiving:
            many = wrong.wrong + wrong.reordered
            raise LoadFailed(f"{many} of {wrong.checked} answers are wrong, the first: {wrong.first_wrong}")
        return _together(said, plan.order, before, after)

    def _start(self, port: int, plan: Path, connections: int, depth: int, seconds: float, rate: float) -> "_Ended":
        assert self._command is not None
        arguments = [str(port), str(plan), str(connections), str(depth), str(seconds), str(rate)]
        with on_cores(self._cores.load):
            return _Ended(
                leashed([*self._command, *arguments]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )


class _Ended(subprocess.Popen[bytes]):
    """A process that is ended when it is left."""

    def __exit__(self, *problem: object) -> None:
        self.kill()
        super().__exit__(None, None, None)


def _go(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


def _line(process: subprocess.Popen[bytes], within_s: float) -> bytes:
    assert process.stdout is not None
    deadline = time.monotonic() + within_s
    line = b""
    while not line.endswith(b"\n"):
        poll = select.poll()  # select takes no high descriptors
        poll.register(process.stdout, select.POLLIN)
        if not poll.poll(max(0.0, 1000 * (deadline - time.monotonic()))):
            raise LoadFailed(f"the load was not done within {within_s:.0f} s")
        part = process.stdout.read1()  # type: ignore[attr-defined]  # a pipe has it
        if not part:
            return b""
        line += part
    return line


def _result(process: subprocess.Popen[bytes], within_s: float) -> _Said:
    line = _line(process, within_s)
    if not line:
        raise LoadFailed(_last_words(process))
    return msgspec.json.decode(line, type=_Said)


def _last_words(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None
    process.kill()
    return process.stderr.read().decode(errors="replace").strip() or "the load ended without a word"


def _together(said: list[_Said], order: Order, before: T, after: T) -> LoadResult[T]:
    latencies = Latencies()
    for one in said:
        latencies.counts.update({int(bucket): count for bucket, count in one.buckets.items()})
    return LoadResult(
        answers=sum(one.answers for one in said),
        rate=sum(one.answers / one.lasted if order is Order.ONCE else one.within / one.seconds for one in said),
        lasted_s=max(one.lasted for one in said),
        busy=max(one.worked / one.lasted for one in said),
        queued=max(one.queued / one.lasted for one in said),
        latencies=latencies,
        before=before,
        after=after,
        wrong_share=sum(one.wrong for one in said) / sum(one.checked for one in said),
        first_wrong=next((one.first_wrong for one in said if one.wrong), ""),
    )
