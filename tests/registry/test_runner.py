import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from nsredis.core.errors import (
    AddressFrozen,
    BrokerNotFound,
    NameOwned,
    NotReady,
    NotTableOwner,
    NsredisError,
    OutcomeUnknown,
    PreconditionFailed,
    StaleEpoch,
    StaleState,
    StoreUnavailable,
)
from nsredis.core.observer import SilentObserver
from nsredis.registry import link as link_module
from nsredis.registry.runner import ScriptRunner, lost_contact, new_tag, refusal
from tests.conftest import OwnStore
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.scripted_store import ScriptedStore, real_runner
from tests.support.store_process import StoreProcess

PUT = {"by": "me", "row": "kv:ns", "key": "k", "deletes": False, "value": "v", "expected": None, "request": "r"}


class CountingObserver(SilentObserver):
    def __init__(self) -> None:
        self.failures: list[str] = []

    def store_failed(self, what: str) -> None:
        self.failures.append(what)


async def _put(runner: ScriptRunner) -> None:
    await runner.call("put_kv", idempotent=False, kv=runner.keyspace.kv("ns"), tag=new_tag(), **PUT)


def test_tags_differ() -> None:
    assert len({new_tag() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("GONE register again", BrokerNotFound),
        ("STALE_EPOCH 5", StaleEpoch),
        ("STALE_STATE h:1", StaleState),
        ("ADDRESS_FROZEN h:1", AddressFrozen),
        ("NAME_OWNED c", NameOwned),
        ("NOT_OWNER of the table", NotTableOwner),
        ("PRECONDITION 5", PreconditionFailed),
        ("NO_SCHEMA the namespace is not open", NotReady),
        ("OOM command not allowed", StoreUnavailable),
        ("READONLY You can't write against a read only replica.", StoreUnavailable),
    ],
)
def test_refusals_become_our_errors(words: str, kind: type[NsredisError]) -> None:
    assert type(refusal(ResponseError(words))) is kind


def test_a_lost_answer_is_no_failure_of_a_write_that_is_not_repeated() -> None:
    for error in (RedisTimeoutError("Timeout reading"), RedisConnectionError("Connection closed by server.")):
        assert type(lost_contact(error, idempotent=False)) is OutcomeUnknown
        assert type(lost_contact(error, idempotent=True)) is StoreUnavailable


async def test_a_write_that_never_left_is_known_not_to_have_happened(namespace: str) -> None:
    async with real_runner(f"redis://127.0.0.1:{free_port()}/0", namespace) as runner:
        with pytest.raises(StoreUnavailable):
            await _put(runner)
    async with real_runner("unix:///nowhere/s.sock", namespace) as runner:
        with pytest.raises(StoreUnavailable):
            await _put(runner)


async def test_a_write_that_left_without_an_answer_has_an_unknown_outcome(
    own_store: OwnStore, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "COMMAND_TIMEOUT_S", 0.3)
    server = own_store()
    async with real_runner(server.url, namespace) as runner:
        observer = runner.observer = CountingObserver()
        await ScriptedStore(runner).open()
        server.pause()
        with pytest.raises(OutcomeUnknown):
            await _put(runner)
        with pytest.raises(StoreUnavailable):
            await runner.pipeline([["PING"]])
        assert observer.failures == ["command", "command"]
        server.resume()
        assert (await ScriptedStore(runner).row("kv:ns"))[b"k"] == b"2 r v"  # it had happened, once


async def test_scripts_are_loaded_when_the_server_does_not_know_them(own_store: OwnStore, namespace: str) -> None:
    server = own_store()
    async with real_runner(server.url, namespace) as runner:
        store = ScriptedStore(runner)
        await store.open()
        await runner.link.execute("SCRIPT", "FLUSH")
        assert (await store.register()).created == 1
        await runner.link.execute("SCRIPT", "FLUSH")
        beats = [
            runner.command(
                "beat",
                tag=new_tag(),
                broker=store.keys.row(f"broker:{name}/0"),
                lease=store.keys.row(f"lease:{name}/0"),
                members=store.keys.members("c"),
                member=f"{name}/0",
                cluster="c",
                epoch=None,
                address="",
                node="n1",
            )
            for name in ("a", "nobody")
        ]
        first, time, second = await runner.pipeline([beats[0], ["TIME"], beats[1]])
        assert first == 1
        assert len(time) == 2
        assert isinstance(second, ResponseError)
        assert type(refusal(second)) is BrokerNotFound


async def test_two_namespaces_do_not_see_each_other(
    store: ScriptedStore, store_server: StoreProcess, namespace: str
) -> None:
    await store.register()
    async with real_runner(store_server.url, f"{namespace}-2") as other:
        with pytest.raises(NotReady):
            await ScriptedStore(other).beat()
        await ScriptedStore(other).open()
        assert await ScriptedStore(other).rows() == set()


def test_names_that_are_not_in_the_header_are_refused(runner: ScriptRunner) -> None:
    with pytest.raises(TypeError, match="nonsense"):
        runner.command("open", version="1", tag="t", by="b", floor=0, nonsense=1)


async def test_what_changes_nothing_waits_for_what_others_wrote(own_store: OwnStore, namespace: str) -> None:
    """Asking again, on a connection that wrote nothing, must not be told that all replicas have it."""
    primary = own_store(config={"repl-diskless-sync-delay": "0"})
    replica = own_store(config={"replicaof": f"127.0.0.1 {primary.port}"})
    async with real_runner(primary.url, namespace) as one, real_runner(primary.url, namespace) as other:
        await ScriptedStore(one).open()

        async def follows() -> bool:
            return await one.replicated(1) == 1

        await eventually(follows)
        setting: dict[str, object] = {"by": "me", "request": "r", "values": ["enableTopicList", "false"]}
        replica.pause()
        assert await one.call_replicated("put_settings", 1, tag="t1", **setting) == (2, 0)
        assert await other.call_replicated("put_settings", 1, tag="t2", **setting) == (2, 0)
        assert await other.replicated(1) == 0
        replica.resume()
        assert await other.call_replicated("put_settings", 1, tag="t3", **setting) == (2, 1)


async def test_a_replicated_write_loads_its_script_and_tells_refusals(
    runner: ScriptRunner, store: ScriptedStore
) -> None:
    await runner.link.execute("SCRIPT", "FLUSH")
    setting: dict[str, object] = {"by": "me", "request": "r", "values": ["enableTopicList", "false"]}
    assert await runner.call_replicated("put_settings", 0, tag="t", **setting) == (2, 0)
    with pytest.raises(BrokerNotFound):
        await runner.call_replicated(
            "set_override", 0, group=runner.keyspace.group("x"), tag="t", by="me", name="x", cluster="c", perm="4",
            why="", expires_ms=None, request="r",
        )  # fmt: skip
