"""`nsredis demo` as users run it."""

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from nsredis.cli.demo import this_program
from tests.support.eventually import eventually
from tests.support.processes import CHECKOUT, alive
from tests.support.serve_process import clean_environment


class Demo:
    """A running demo, and what it says of itself."""

    def __init__(self, folder: Path, *arguments: str, temporary: Path | None = None) -> None:
        """`temporary`: where it may make a folder of its own, without --data-dir."""
        self._log = folder / "demo.log"
        place: list[str | Path] = ["--data-dir", folder / "data"]
        environ = clean_environment(PYTHONUNBUFFERED="1")
        if temporary is not None:
            temporary.mkdir()
            place, environ["TMPDIR"] = [], str(temporary)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nsredis", "demo", *place, *arguments],
                cwd=CHECKOUT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    async def started(self) -> None:
        def told() -> bool:
            assert self.process.poll() is None, self.output
            return "Ctrl-C ends it all" in self.output

        await eventually(told, 40, what="the demo told what there is")

    @property
    def nodes(self) -> list[tuple[str, int]]:
        """URL and process id of both nodes."""
        found = re.findall(r"node \d  (http://\S+)  \(process (\d+)\)", self.output)
        return [(url, int(pid)) for url, pid in found]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path, "--brokers", "5", "--topics", "12")
    yield demo
    demo.process.kill()
    demo.process.wait()


async def _count(http: aiohttp.ClientSession, url: str) -> int:
    async with http.get(url) as answer:
        assert answer.status == 200
        return len((await answer.json())["items"])


async def test_two_nodes_one_store_and_brokers_that_outlive_a_node(demo: Demo, http: aiohttp.ClientSession) -> None:
    await demo.started()
    (first, first_pid), (second, second_pid) = demo.nodes

    async def all_there() -> bool:
        return all(
            [
                await _count(http, f"{url}/v1/{what}") == count
                for url in (first, second)
                for what, count in (("brokers", 5), ("topics", 12))
            ]
        )

    await eventually(all_there, 20)
    os.kill(first_pid, signal.SIGKILL)
    await eventually(lambda: f"The node on {first} has ended" in demo.output)
    assert await _count(http, f"{second}/v1/brokers") == 5

    demo.process.send_signal(signal.SIGINT)
    await eventually(lambda: demo.process.poll() is not None, 40)
    assert demo.process.wait() == 0, demo.output
    assert not alive(second_pid)


async def test_what_it_says_to_try_works(demo: Demo) -> None:
    await demo.started()
    line = next(line for line in demo.output.splitlines() if " watch --server " in line)
    watching = subprocess.Popen(
        shlex.split(line), cwd=CHECKOUT, env=clean_environment(PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE, text=True
    )
    try:
        assert watching.stdout is not None
        assert "online" in await asyncio.to_thread(watching.stdout.readline)
    finally:
        watching.kill()
        watching.communicate()


@pytest.mark.parametrize(
    ("started_as", "shown"),
    [
        ("{bin}/nsredis", "nsredis"),
        ("other/nsredis", "other/nsredis"),
        ("an other/nsredis", "'an other/nsredis'"),
        ("{bin}/nsredis/__main__.py", f"{shlex.quote(sys.executable)} -m nsredis"),
    ],
)
def test_a_program_is_named_as_a_person_would_start_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, started_as: str, shown: str
) -> None:
    for folder in ("bin", "other", "an other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "nsredis").touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "argv", [started_as.format(bin=tmp_path / "bin")])
    assert this_program() == shown


async def test_an_end_at_once_leaves_no_folder(tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--brokers", "5", "--topics", "12", temporary=tmp_path / "tmp")
    try:
        await demo.started()
        pids = [pid for _, pid in demo.nodes]
        assert list((tmp_path / "tmp").iterdir())
        demo.process.send_signal(signal.SIGTERM)
        await eventually(lambda: "Ending" in demo.output)
        demo.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(demo.process.wait) == 128 + signal.SIGTERM
        await eventually(lambda: not any(alive(pid) for pid in pids), 30)
        assert list((tmp_path / "tmp").iterdir()) == []
    finally:
        demo.process.kill()
        demo.process.wait()


async def test_kill_9_leaves_nothing_behind(demo: Demo, tmp_path: Path) -> None:
    await demo.started()
    server = int((tmp_path / "data" / "store" / "server.lock").read_text())
    demo.process.kill()
    pids = [server, *(pid for _, pid in demo.nodes)]
    await eventually(lambda: not any(alive(pid) for pid in pids), 30)

    def ended() -> bool:
        return not alive(int((tmp_path / "data" / "store" / "server.lock").read_text()))

    await eventually(ended, 30)  # a node may have taken over for a moment
