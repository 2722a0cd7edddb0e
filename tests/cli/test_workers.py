"""`nsredis serve --workers N`: several processes on one pair of ports, each a node, and one parent over them."""

import json
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import trustme

from nsredis.cli.pulses import SILENT_S
from tests.cli.conftest import Serve
from tests.support.eventually import eventually
from tests.support.processes import alive
from tests.support.remoting import RemotingClient
from tests.support.serve_process import ServeProcess
from tests.support.store_process import StoreProcess

IDS = {"w-1", "w-2"}


class Two:
    """A `serve` with two workers, asked over a fresh connection each time."""

    def __init__(self, process: ServeProcess, http: aiohttp.ClientSession) -> None:
        self.process = process
        self._http = http

    async def ask(self, path: str = "/readyz") -> tuple[str, int, bytes]:
        """Which node answered, the status and the body."""
        async with self._http.get(self.process.url + path) as answer:
            return answer.headers["Nsredis-Node"], answer.status, await answer.read()

    async def both_ready(self) -> None:
        """Wait until both workers answer that they are ready."""

        async def seen() -> bool:
            answers = [await self.ask() for _ in range(8)]
            return all(status == 200 for _, status, _ in answers) and {node for node, *_ in answers} == IDS

        await eventually(lambda: self.process.status("/livez"), 20, what=self.process.output)
        await eventually(seen, 20, what="both workers are ready")

    def pids(self) -> dict[str, int]:
        """The workers' processes by their numbers."""
        return {
            command[3]: pid
            for pid, command in _children(self.process.process.pid).items()
            if "nsredis.cli.worker" in command
        }

    async def register(self, name: str) -> int:
        body = {"address": "127.0.0.1:10911", "leaseMs": 600_000, "topics": {"TopicTest": {}}}
        async with self._http.put(f"{self.process.url}/v1/brokers/DefaultCluster/{name}/0", json=body) as answer:
            return answer.status


def _children(pid: int) -> dict[int, list[str]]:
    """Command lines of a process' children."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child): Path(f"/proc/{child}/cmdline").read_text().split("\0") for child in pids}


@pytest.fixture
async def fresh() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that makes a connection for each request."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


@pytest.fixture
def arguments(store_server: StoreProcess, namespace: str) -> list[str]:
    """Two workers on the shared store."""
    store = ["--redis", store_server.url, "--namespace", namespace, "--settle-ms", "0"]
    return [*store, "--workers", "2", "--node-id", "w", "--drain-ms", "2000"]


async def test_two_workers_share_both_ports_and_each_is_a_node(
    serve: Serve, fresh: aiohttp.ClientSession, arguments: list[str]
) -> None:
    two = Two(serve(*arguments), fresh)
    await two.both_ready()
    assert await two.register("broker-a") == 201

    async def served_by_both() -> bool:
        answers = [await two.ask("/v1/routes/TopicTest") for _ in range(16)]
        return {node for node, status, _ in answers if status == 200} == IDS and len(
            {body for *_, body in answers}
        ) == 1

    await eventually(served_by_both, what="both workers serve the same route")

    async def listed() -> bool:
        _, _, body = await two.ask("/v1/nodes")
        nodes = json.loads(body)["items"]
        return [node["id"] for node in nodes] == sorted(IDS) and {node["http"] for node in nodes} == {two.process.http}

    await eventually(listed, what="both are listed as nodes at one address")
    _, _, addresses = await two.ask("/rocketmq/nsaddr")
    assert addresses.decode() == two.process.remoting, "one address is told once"
    client = await RemotingClient.connect(two.process.remoting)
    assert await client.route("TopicTest") is not None
    await client.close()


async def test_what_is_wrong_with_the_store_is_told_once(
    serve: Serve, fresh: aiohttp.ClientSession, arguments: list[str]
) -> None:
    two = Two(serve(*arguments, "--log-level", "debug"), fresh)
    await two.both_ready()
    found: list[tuple[str, str]] = []

    def both() -> bool:
        found[:] = re.findall(r" (\w+) +(w-\d) \S+store_checks  the store: appendonly is off", two.process.output)
        return len(found) == 2

    await eventually(both, 20)
    assert sorted(found) == [("DEBUG", "w-2"), ("WARNING", "w-1")]


async def test_each_sample_of_a_worker_names_its_node(
    serve: Serve, fresh: aiohttp.ClientSession, arguments: list[str]
) -> None:
    two = Two(serve(*arguments), fresh)
    await two.both_ready()
    node, _, text = await two.ask("/metrics")
    samples = [line for line in text.decode().splitlines() if line and not line.startswith("#")]
    assert samples
    assert all(f'node="{node}"' in line for line in samples)


async def test_a_killed_worker_is_replaced_and_nobody_is_answered_with_an_error(
    serve: Serve, fresh: aiohttp.ClientSession, arguments: list[str]
) -> None:
    two = Two(serve(*arguments), fresh)
    await two.both_ready()
    assert await two.register("broker-a") == 201
    before = two.pids()
    os.kill(before["2"], signal.SIGKILL)
    await eventually(lambda: not alive(before["2"]))
    answers: list[tuple[str, int]] = []

    async def back() -> bool:
        node, status, _ = await two.ask("/v1/brokers/DefaultCluster/broker-a/0")
        answers.append((node, status))
        return node == "w-2"

    await eventually(back, 20, what="the second worker answers again")
    assert {status for _, status in answers} == {200}
    assert answers[0][0] == "w-1", "the other one answered meanwhile"
    after = two.pids()
    assert after["1"] == before["1"]
    assert after["2"] != before["2"]
    assert re.search(r"worker 2 was ended by SIGKILL and is started again", two.process.output)
    assert "is offline" not in two.process.output


async def test_a_worker_that_hangs_is_killed_and_replaced(
    serve: Serve, fresh: aiohttp.ClientSession, arguments: list[str]
) -> None:
    two = Two(serve(*arguments), fresh)
    await two.both_ready()
    before = two.pids()
    os.kill(before["2"], signal.SIGSTOP)
    await eventually(lambda: not alive(before["2"]), 3 * SILENT_S, what=two.process.output)
    await two.both_ready()
    said = "worker 2 hangs: it said nothing for 10 s, and is killed"
    assert said in two.process.output
    assert "worker 2 was ended by SIGKILL and is started again" in two.process.output
    after = two.pids()
    assert after["1"] == before["1"]
    starts: dict[str, str] = {}

    async def both_told() -> bool:
        node, _, text = await two.ask("/metrics")
        found = re.search(rf'^nsredis_worker_starts{{node="{node}"}} (\S+)$', text.decode(), re.MULTILINE)
        assert found is not None
        starts[node] = found[1]
        return len(starts) == 2

    await eventually(both_told)
    assert starts == {"w-1": "1.0", "w-2": "2.0"}


async def test_sigterm_drains_all_of_them(
    serve: Serve, fresh: aiohttp.ClientSession, http: aiohttp.ClientSession, arguments: list[str]
) -> None:
    two = Two(serve(*arguments, "--drain-wait-ms", "3000"), fresh)
    await two.both_ready()
    pids = two.pids()
    two.process.terminate()

    async def draining() -> bool:
        answers = [await two.ask() for _ in range(8)]
        return {node for node, *_ in answers} == IDS and all(status == 503 for _, status, _ in answers)

    await eventually(draining, what="both are unready and still answer")
    assert await two.process.ended() == 0
    assert not any(map(alive, pids.values()))
    assert two.process.output.count("going away: finishing what runs") == 2
    assert "started again" not in two.process.output


async def test_a_second_signal_ends_all_at_once(
    serve: Serve, fresh: aiohttp.ClientSession, arguments: list[str]
) -> None:
    two = Two(serve(*arguments, "--drain-wait-ms", "60000"), fresh)
    await two.both_ready()
    pids = two.pids()
    two.process.terminate()
    await eventually(lambda: two.process.output.count("going away") == 2)
    two.process.process.send_signal(signal.SIGINT)
    assert await two.process.ended(5) == 128 + signal.SIGINT
    await eventually(lambda: not any(map(alive, pids.values())))


async def test_a_killed_parent_leaves_no_worker_and_no_store_behind(serve: Serve, fresh: aiohttp.ClientSession) -> None:
    two = Two(serve("--workers", "2", "--node-id", "w", "--drain-ms", "1000"), fresh)
    await two.both_ready()
    children = _children(two.process.process.pid)
    assert len(children) == 3, "two workers and the private store"
    assert await two.register("broker-a") == 201
    two.process.kill9()
    await eventually(lambda: not any(map(alive, children)), 15, what="the children are gone")
    assert await two.process.status("/livez") == 0


async def test_the_private_store_is_the_parents_and_ends_with_it(serve: Serve, fresh: aiohttp.ClientSession) -> None:
    two = Two(serve("--workers", "2", "--node-id", "w"), fresh)
    await two.both_ready()
    assert await two.register("broker-a") == 201
    children = _children(two.process.process.pid)
    two.process.terminate()
    assert await two.process.ended() == 0
    assert not any(map(alive, children))
    again = Two(serve("--workers", "2", "--node-id", "w"), fresh)
    await again.both_ready()
    assert (await again.ask("/v1/routes/TopicTest"))[1] == 200


async def test_port_0_is_one_free_port_for_all(
    serve: Serve, fresh: aiohttp.ClientSession, arguments: list[str]
) -> None:
    two = Two(serve(*arguments, "--http", "127.0.0.1:0", "--remoting", "127.0.0.1:0"), fresh)
    await eventually(lambda: "Ctrl-C" in two.process.output, 20)
    found = re.search(r"HTTP API  http://(127\.0\.0\.1:\d+)\n  remoting  (127\.0\.0\.1:\d+) ", two.process.output)
    assert found is not None
    two.process.http, two.process.remoting = found[1], found[2]
    await two.both_ready()
    assert await two.register("broker-a") == 201


@pytest.mark.parametrize("shared", [False, True])
async def test_an_address_that_is_taken_is_told_once(serve: Serve, arguments: list[str], shared: bool) -> None:
    with socket.socket() as occupier:
        occupier.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
        occupier.bind(("127.0.0.1", 0))
        occupier.listen()
        address = f"127.0.0.1:{occupier.getsockname()[1]}"
        node = serve(*arguments, "--remoting", address)
        assert await node.ended() == 2
    assert node.output == f"nsredis: --remoting: {address} is taken: another program listens there\n"


async def test_a_worker_that_cannot_start_ends_them_all_with_its_one_error(
    serve: Serve, arguments: list[str], tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing.pem"
    node = serve(*arguments, "--tls-certificate", str(nothing))
    assert await node.ended() == 2
    assert node.output.startswith("nsredis: tls_certificate: ")
    assert node.output.count("\n") == 1


async def test_a_worker_that_cannot_start_again_is_tried_until_it_can(
    serve: Serve, fresh: aiohttp.ClientSession, arguments: list[str], tmp_path: Path
) -> None:
    certificate = tmp_path / "node.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    two = Two(serve(*arguments, "--tls-certificate", str(certificate)), fresh)
    await two.both_ready()
    good = certificate.read_bytes()
    certificate.write_text("no certificate")
    os.kill(two.pids()["1"], signal.SIGKILL)
    failed = "worker 1 ended with code 2 and is started again"
    await eventually(lambda: two.process.output.count(failed) >= 2, 20)
    assert [await two.ask() for _ in range(8)] == [("w-2", 200, b"ok\n")] * 8
    certificate.write_bytes(good)
    await two.both_ready()
    two.process.terminate()
    assert await two.process.ended() == 0


async def test_a_node_id_that_is_too_long_with_a_number_is_a_wrong_setting(serve: Serve, arguments: list[str]) -> None:
    node = serve(*arguments, "--node-id", "n" * 127)
    assert await node.ended() == 2
    assert node.output.startswith("nsredis: node_id: must have 1 to 128")
