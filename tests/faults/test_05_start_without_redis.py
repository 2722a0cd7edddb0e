"""A node starts while Redis is down: it serves what was saved and says how old it is, or says that it is not ready."""

import time
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import OwnStore
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.support.api import Api
from tests.support.eventually import eventually


def saving(folder: Path, age_ms: int) -> tuple[str, ...]:
    return ("--data-dir", str(folder), "--snapshot-max-age-ms", str(age_ms))


async def test_a_node_with_a_saved_view_serves_it(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, tmp_path: Path
) -> None:
    store = own_store(durable=True)
    arguments = saving(tmp_path / "data", 3_600_000)
    [first] = await serve(store.url, 1, *arguments)
    api = Api(http, first.http)
    async with LivingBrokers([first], http) as brokers:
        await brokers.shown_by([api])
        first.terminate()  # which saves
        assert await first.ended() == 0, first.output
        store.kill9()
        began = time.monotonic()
        [again] = await serve(store.url, 1, *arguments)
        ready_s = time.monotonic() - began
        brokers.places[:] = [again]
        api = Api(http, again.http)
        async with LookupLoad([again], brokers.routes) as load:
            await load.steady(rounds=20)
            assert all(outcome.stale_ms > 0 for outcome in load.outcomes if outcome.client >= load.remoting)
            assert (await api.get("/v1/topics?consistency=strong")).status == 503
            store.start()
            recovery_s = await brokers.shown_by([api])
            await load.steady()
        figures.note(
            row=5,
            fault="a node with a saved view starts while Redis is down",
            promises=(7, 8),
            removed=await brokers.removed([api]),
            recovery_s=recovery_s,
            extra={"seconds from start to ready": ready_s},
            **load.figures(),
        )
    assert load.share_right == 1, load.counts


@pytest.mark.parametrize("saved", ["nothing saved", pytest.param("saved too long ago", marks=pytest.mark.slow)])
async def test_a_node_without_one_says_that_it_is_not_ready(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, tmp_path: Path, saved: str
) -> None:
    store = own_store(durable=True)
    [first] = await serve(store.url, 1, *saving(tmp_path / "data", 3_600_000))
    async with LivingBrokers([first], http) as brokers:
        await brokers.shown_by([Api(http, first.http)])
        first.terminate()
        assert await first.ended() == 0, first.output
        store.kill9()
        folder = tmp_path / ("empty" if saved == "nothing saved" else "data")
        [again] = await serve(store.url, 1, *saving(folder, 1), wait=False)
        await eventually(partial(_answers, again.http, http), 20, what="the node answers")
        brokers.places[:] = [again]
        api = Api(http, again.http)
        async with LookupLoad([again], brokers.routes) as load:
            await eventually(lambda: len(load.refused) > 20 * load.clients, 20, what="look-ups are refused")
            assert load.counts.total() == len(load.refused), load.counts
            assert (await api.get("/readyz")).status == 503
            store.start()
            recovery_s = await brokers.shown_by([api])
            await load.steady()
        figures.note(
            row=5,
            fault=f"a node starts while Redis is down, {saved}",
            promises=(7, 8),
            removed=await brokers.removed([api]),
            recovery_s=recovery_s,
            **load.figures(),
        )
    assert not load.failed, load.failed[:3]


async def _answers(address: str, http: aiohttp.ClientSession) -> bool:
    try:
        return (await Api(http, address).get("/livez")).status == 200
    except aiohttp.ClientConnectionError:
        return False
