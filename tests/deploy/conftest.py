"""Three nodes on one store, and a balancer in front of them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.deploy.balancer import Balancer
from tests.support.serve_process import ServeProcess
from tests.support.store_process import StoreProcess

# As deploy/haproxy.cfg and the documents ask for: two failed checks, a second apart, and room.
DRAIN_WAIT_MS = 3000


@pytest.fixture
async def nodes(store_server: StoreProcess, namespace: str, tmp_path: Path) -> AsyncIterator[list[ServeProcess]]:
    """node1, node2 and node3, all ready."""
    arguments = ["--redis", store_server.url, "--namespace", namespace, "--settle-ms", "0"]
    drain = ["--drain-wait-ms", str(DRAIN_WAIT_MS), "--drain-ms", "5000"]
    processes = [ServeProcess(tmp_path, *arguments, *drain, "--node-id", f"node{number}") for number in (1, 2, 3)]
    for process in processes:
        process.start()
    try:
        for process in processes:
            await process.ready()
        yield processes
    finally:
        for process in processes:
            process.kill9()


@pytest.fixture
def stopped_balancer(nodes: list[ServeProcess], tmp_path: Path) -> Iterator[Balancer]:
    """A haproxy that is not started yet."""
    haproxy = Balancer(tmp_path, [node.http for node in nodes], [node.remoting for node in nodes])
    yield haproxy
    haproxy.kill()


@pytest.fixture
async def balancer(stopped_balancer: Balancer) -> Balancer:
    """A haproxy that passes requests on."""
    await stopped_balancer.start()
    return stopped_balancer
