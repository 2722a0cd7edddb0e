"""Frames with wrong lengths, unknown forms and random bytes, over many connections: those are closed, nobody else."""

import asyncio
from contextlib import suppress

import aiohttp
import pytest

from tests.conftest import OwnStore
from tests.faults import garbage
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.faults.memory import resident_mib
from tests.faults.metrics import metric
from tests.remoting.raw_client import RawClient
from tests.support.api import Api

AT_ONCE = 50
SEED = 15


COUNTS = [pytest.param(1000, id="1000"), pytest.param(30_000, id="30000", marks=pytest.mark.slow)]


@pytest.mark.parametrize("count", COUNTS)
async def test_garbage_over_many_connections(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, count: int
) -> None:
    nodes = await serve(own_store().url)
    api, pid = Api(http, nodes[0].http), nodes[0].process.pid
    host, _, port = nodes[0].remoting.rpartition(":")
    async with LivingBrokers(nodes, http) as brokers:
        await brokers.shown_by([api])
        revision = (await api.get("/v1/topics?consistency=strong")).revision
        async with LookupLoad(nodes, brokers.routes) as load:
            await load.steady()
            before = resident_mib(pid)
            lies = [*garbage.wrong_lengths(), *garbage.wrong_headers(), *garbage.mutations(SEED, count)]
            some = iter(lies)

            async def send() -> None:
                for data in some:
                    client = await RawClient.connect((host, int(port)))
                    with suppress(ConnectionError, TimeoutError):
                        await client.send(data)
                        client.writer.write_eof()
                        await asyncio.wait_for(client.reader.read(), 5)
                    await client.close()

            await asyncio.gather(*(send() for _ in range(AT_ONCE)))
            recovery_s = await brokers.shown_by([api])
        malformed = await metric(api, "nsredis_remoting_malformed_frames_total")
        figures.note(
            row=15,
            fault=f"{len(lies):,} connections that say nonsense, seed {SEED}",
            promises=(4, 10),
            removed=await brokers.removed([api]),
            recovery_s=recovery_s,
            extra={
                "closed for malformed frames": malformed,
                "slowest right look-up in ms": load.latency_ms(100),
                "MiB more than before": resident_mib(pid) - before,
            },
            **load.figures(),
        )
        assert (await api.get("/v1/topics?consistency=strong")).revision == revision
    assert nodes[0].process.poll() is None
    assert load.share_right == 1, load.counts
    assert malformed > 30
    assert "Traceback" not in nodes[0].output
    assert len(nodes[0].output.splitlines()) < 60, "it logs too much"
