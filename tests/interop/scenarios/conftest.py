"""Processes that belong to a scenario, or to all scenarios of a file."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest

from tests.interop.logged_process import LoggedProcess
from tests.interop.scenarios.own_nodes import OwnNodes
from tests.support.api import Api
from tests.support.store_process import StoreProcess

Process = TypeVar("Process", bound=LoggedProcess)
Start = Callable[[Process], Process]


@pytest.fixture(scope="module")
def module_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes of a file keep their things."""
    return tmp_path_factory.mktemp("scenarios")


@pytest.fixture(scope="module")
def two_nodes(store_server: StoreProcess, module_folder: Path) -> Iterator[OwnNodes]:
    """Two nodes for all scenarios of a file."""
    with OwnNodes(module_folder, store_server.url, module_folder.name) as nodes:
        yield nodes


@pytest.fixture
def both(two_nodes: OwnNodes, http: aiohttp.ClientSession) -> list[Api]:
    """How the two nodes are asked over HTTP."""
    return [Api(http, node.http) for node in two_nodes.nodes]


@pytest.fixture(scope="module")
def start_for_all() -> Iterator[Start[LoggedProcess]]:
    """Starts processes that end with the last scenario of the file."""
    with ExitStack() as ends:
        yield _starter(ends)


@pytest.fixture
def start() -> Iterator[Start[LoggedProcess]]:
    """Starts processes that end with the scenario."""
    with ExitStack() as ends:
        yield _starter(ends)


def _starter(ends: ExitStack) -> Start[LoggedProcess]:
    def start(process: LoggedProcess) -> LoggedProcess:
        ends.callback(process.kill9)
        process.start()
        return process

    return start
