"""Registrations whose bodies are broken, endless or bombs: each is told so, nothing changes, others do not notice."""

import asyncio
from collections.abc import Sequence

import aiohttp
import pytest

from nsredis.wire.codes import RequestCode
from nsredis.wire.registration import body_crc
from tests.conftest import OwnStore
from tests.faults import bad_bodies
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.faults.memory import resident_mib
from tests.support.api import Api
from tests.support.remoting import RemotingClient, broker_ext
from tests.support.serve_process import ServeProcess


@pytest.mark.parametrize("rounds", [pytest.param(2, id="2"), pytest.param(30, id="30", marks=pytest.mark.slow)])
async def test_registrations_with_bad_bodies(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, rounds: int
) -> None:
    nodes = await serve(own_store().url)
    api, pid = Api(http, nodes[0].http), nodes[0].process.pid
    async with LivingBrokers(nodes, http) as brokers:
        await brokers.shown_by([api])
        revision = (await api.get("/v1/topics?consistency=strong")).revision
        async with LookupLoad(nodes, brokers.routes) as load:
            await load.steady()
            before = resident_mib(pid)
            taken: list[str] = []
            for _ in range(rounds):
                taken += await _register_all(nodes[0], api)
            recovery_s, after = await brokers.shown_by([api]), resident_mib(pid)
        sent = len(bad_bodies.REMOTING) + len(bad_bodies.COMPRESSED) + len(bad_bodies.HTTP) + 1
        figures.note(
            row=16,
            fault=f"{sent} kinds of bad bodies, {rounds} times",
            promises=(4, 10),
            removed=await brokers.removed([api]),
            recovery_s=recovery_s,
            extra={
                "taken": len(taken),
                "slowest right look-up in ms": load.latency_ms(100),
                "MiB more than before": after - before,
            },
            **load.figures(),
        )
        assert taken == []
        assert (await api.get("/v1/topics?consistency=strong")).revision == revision
    assert nodes[0].process.poll() is None
    assert load.share_right == 1, load.counts
    assert "Traceback" not in nodes[0].output
    assert after - before < 150


async def _register_all(node: ServeProcess, api: Api) -> Sequence[str]:
    """Those that were not refused."""
    taken = []
    for compressed, bodies in ((False, bad_bodies.REMOTING), (True, bad_bodies.COMPRESSED)):
        for name, body in bodies.items():
            client = await RemotingClient.connect(node.remoting)
            ext = broker_ext("bad") | {"bodyCrc32": str(body_crc(body)), "compressed": str(compressed).lower()}
            try:
                answer = await client.call(RequestCode.REGISTER_BROKER, ext, body)
                if answer.code != 1:
                    taken.append(f"{name} over remoting: {answer.code}")
            except ConnectionError:
                pass  # closed: as good as an answer
            await client.close()
            await asyncio.sleep(0.01)
    for name, body in bad_bodies.HTTP.items():
        reply = await api.call("PUT", "/v1/brokers/c/bad/0", raw=body)
        if not 400 <= reply.status < 500:
            taken.append(f"{name} over HTTP: {reply.status}")
    reply = await api.call("PUT", "/v1/brokers/c/bad/0", raw=bad_bodies.BOMB, headers={"Content-Encoding": "deflate"})
    if not 400 <= reply.status < 500:
        taken.append(f"a bomb over HTTP: {reply.status}")
    return taken
