"""Whatever happened to the list of deadlines: a broker that fell silent goes."""

import pytest

from nsredis.core.errors import StoreUnavailable
from tests.conftest import OwnStore
from tests.support.scripted_store import ScriptedStore, real_runner


@pytest.mark.parametrize("denied", ["sadd", "del", "pexpire"])
async def test_a_registration_that_broke_off_leaves_nothing_that_never_expires(
    own_store: OwnStore, namespace: str, denied: str
) -> None:
    server = own_store()
    async with real_runner(server.url, namespace) as runner:
        admin = ScriptedStore(runner)
        await admin.open()
        await admin.sweep()
        await runner.link.execute("ACL", "SETUSER", "partial", "on", ">x", "~*", "&*", "+@all", f"-{denied}")
        async with real_runner(server.url.replace("//", "//partial:x@"), namespace) as partial:
            with pytest.raises(StoreUnavailable):
                await ScriptedStore(partial).register()
        assert await admin.deadline("broker:a/0") is not None
        await admin.lapse("a/0")
        await admin.sweep()
        assert await admin.row("broker:a/0") == {}
        assert await admin.deadline("broker:a/0") is None
        await admin.register()  # and nothing is in the way of the next one
        assert await admin.row("broker:a/0") != {}
