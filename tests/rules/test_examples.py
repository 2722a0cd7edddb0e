"""The curl examples of the documents, run in their order against a node: the answers are the real ones."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import NodeFactory
from tests.support.api import Api, Reply
from tests.support.eventually import eventually
from tests.support.processes import CHECKOUT
from tests.support.store_process import StoreProcess

WHERE = "127.0.0.1:8080"
SHORT_LEASE = ('"leaseMs": 10000', '"leaseMs": 1000')
"""A reader may take his time; a test need not."""

# What differs from run to run: times, epochs, ETags, leases that were made short, the node's address.
VARYING = re.compile(r"\b\d{4,}\b|(?<=Ms\":)\d+|\"[0-9a-f]{16}\"|127\.0\.0\.1:\d+|\"version\":\"[\d.]+\"")


@dataclass
class Example:
    """A command, and what the document says of its answer."""

    words: list[str]
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


def _examples(document: Path) -> Iterator[Example]:
    for block in re.findall(r"^```console\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, said = part.partition("\n")
            example = Example(shlex.split(command.replace(*SHORT_LEASE)))
            if said.startswith("HTTP/1.1 "):
                head, _, said = said.partition("\n\n")
                first, *lines = head.strip().splitlines()
                example.status = int(first.split()[1])
                example.headers = dict(line.split(": ", 1) for line in lines)
            example.body = said.strip()
            yield example


async def _run(api: Api, words: list[str]) -> Reply:
    assert words.pop(0) == "curl"
    method, path, body = "GET", "", None
    headers: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(rest).encode()
        elif word != "-i":
            path = word.removeprefix(f"http://{WHERE}")
            assert path.startswith("/"), word
    return await api.call(method, path, headers=headers, raw=body)


def _masked(text: str) -> str:
    if text.startswith("{"):
        text = json.dumps(json.loads(text), separators=(",", ":"), sort_keys=True)
    return VARYING.sub("*", text)


def _compare(reply: Reply, example: Example) -> None:
    if example.body or example.status is None or reply.status < 300:  # of an error often only the status is told
        assert _masked(reply.body.decode()) == _masked(example.body)
    assert reply.status == (example.status or 200) or (example.status is None and reply.status == 201)
    for name, value in example.headers.items():
        assert _masked(reply.headers[name]) == _masked(value)


@pytest.mark.parametrize("name", ["README.md", "docs/http-api.md"])
async def test_the_examples_are_true(
    name: str, store_server: StoreProcess, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    node = await node_factory(store_server.url, node_id="node-1")
    api = Api(http, node.http_address)
    ran, waits = 0, False
    for example in _examples(CHECKOUT / name):
        if example.words[0] == "sleep":
            waits = True
            continue
        reply = await _run(api, list(example.words))
        if waits:

            async def as_said(example: Example = example) -> bool:
                return (await _run(api, list(example.words))).status == example.status

            await eventually(as_said, 5, what=" ".join(example.words))
            reply, waits = await _run(api, list(example.words)), False
        _compare(reply, example)
        ran += 1
    assert ran > 3
