"""Verbs of operators that no body of the HTTP API checks before them, on a real store."""

from collections.abc import AsyncIterator

import pytest

from nsredis.core.errors import InvalidField
from nsredis.core.observer import SilentObserver
from nsredis.registry.admin_store import AdminStore
from nsredis.registry.broker_store import BrokerStore
from nsredis.registry.change_feed import ChangeFeed
from nsredis.registry.runner import ScriptRunner
from nsredis.service.admin_service import AdminService
from nsredis.service.own_writes import OwnWrites
from nsredis.view.view import View
from tests.support.scripted_store import ScriptedStore, real_runner
from tests.support.store_process import StoreProcess


@pytest.fixture
async def runner(store_server: StoreProcess, namespace: str) -> AsyncIterator[ScriptRunner]:
    async with real_runner(store_server.url, namespace) as runner:
        await ScriptedStore(runner).open()
        yield runner


@pytest.fixture
def admin(runner: ScriptRunner) -> AdminService:
    view = View(SilentObserver())
    return AdminService(AdminStore(runner), BrokerStore(runner, "node"), view, OwnWrites(view), ChangeFeed(runner))


async def test_settings_are_written_as_texts(admin: AdminService, runner: ScriptRunner) -> None:
    assert (await admin.put_settings({"remotingLeaseMs": "5000", "enableTopicList": "false"}, by="me")).revision == 2
    row = await ScriptedStore(runner).row("settings")
    assert (row[b"remotingLeaseMs"], row[b"enableTopicList"]) == (b"5000", b"false")
    assert (await admin.put_settings({"remotingLeaseMs": ""}, by="me")).revision == 3
    assert b"remotingLeaseMs" not in await ScriptedStore(runner).row("settings")
    assert (await admin.put_settings({}, by="me")).revision == 3


@pytest.mark.parametrize(("name", "text"), [("remotingLeaseMs", "1"), ("enableTopicList", "no"), ("listenPort", "1")])
async def test_one_error_and_no_setting_is_written(
    admin: AdminService, runner: ScriptRunner, name: str, text: str
) -> None:
    before = await ScriptedStore(runner).everything()
    with pytest.raises(InvalidField) as refused:
        await admin.put_settings({"orderMessageEnable": "true", name: text}, by="me")
    assert refused.value.field == name
    assert await ScriptedStore(runner).everything() == before
