"""Fixtures of the experiments: nodes as processes, haproxy in front of them, and where figures go."""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from tests.deploy.balancer import Balancer
from tests.faults.figures import Figures
from tests.support.serve_process import ServeProcess

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("faults")


@pytest.fixture(scope="session")
def _all_figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    figures = Figures()
    yield figures
    file = request.config.getoption("--figures")
    if file and figures.notes:
        figures.write(Path(file))


@pytest.fixture
def figures(_all_figures: Figures) -> Figures:
    """Where an experiment notes what it measured."""
    return _all_figures


class Serve(Protocol):
    """Starts nodes on a store, each a process of its own, and waits until they are ready, unless told not to.

    They are node1, node2 and so on, in this test's namespace. `arguments` are further ones of `nsredis serve`.
    """

    async def __call__(
        self, store_url: str, count: int = 1, *arguments: str, wait: bool = True
    ) -> list[ServeProcess]: ...


@pytest.fixture
async def serve(namespace: str, tmp_path: Path) -> AsyncIterator[Serve]:
    """A factory of nodes; those that still run at the end are killed."""
    nodes: list[ServeProcess] = []

    async def start(store_url: str, count: int = 1, *arguments: str, wait: bool = True) -> list[ServeProcess]:
        started = []
        for _ in range(count):
            named = ("--namespace", namespace, "--node-id", f"node{len(nodes) + 1}", "--settle-ms", "0")
            node = ServeProcess(tmp_path, "--redis", store_url, *named, *arguments)
            nodes.append(node)
            started.append(node)
            node.start()
        for node in started if wait else ():
            await node.ready()
        return started

    yield start
    for node in nodes:
        node.kill9()


class Balance(Protocol):
    """Starts haproxy, as deploy/ has it, in front of three nodes, and waits until it passes requests on."""

    async def __call__(self, nodes: Sequence[ServeProcess]) -> Balancer: ...


@pytest.fixture
async def balance(tmp_path: Path) -> AsyncIterator[Balance]:
    """A factory of balancers. Tests that use it are marked `installed` too."""
    balancers: list[Balancer] = []

    async def start(nodes: Sequence[ServeProcess]) -> Balancer:
        balancer = Balancer(tmp_path, [node.http for node in nodes], [node.remoting for node in nodes])
        balancers.append(balancer)
        await balancer.start()
        return balancer

    yield start
    for balancer in balancers:
        balancer.kill()
