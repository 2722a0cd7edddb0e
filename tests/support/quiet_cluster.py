"""A cluster some of whose brokers fall silent, swept with the brake on."""

from tests.support.scripted_store import ScriptedStore, SweepReply

ON = 3
ALL = [f"b{number:02}" for number in range(20)]


async def cluster_of(store: ScriptedStore, count: int = 20, *, cluster: str = "c", prefix: str = "b") -> list[str]:
    names = [f"{prefix}{number:02}" for number in range(count)]
    for name in names:
        await store.register(name, cluster=cluster)
    return names


async def silence(store: ScriptedStore, *names: str, by_ms: int = 100, cluster: str = "c") -> None:
    """Their leases have lapsed since `by_ms`."""
    for name in names:
        await store.set_deadline(f"broker:{name}/0", await store.now() - by_ms, cluster=cluster)


async def sweep(store: ScriptedStore, limit: int = 64) -> SweepReply:
    return await store.sweep(least=ON, limit=limit)


async def swept_dry(store: ScriptedStore, limit: int = 64) -> set[str]:
    """Sweep until nothing more is due; who went."""
    gone: set[str] = set()
    while True:
        swept = await sweep(store, limit)
        gone |= set(swept.evicted)
        if not swept.more:
            return gone


async def held(store: ScriptedStore) -> set[str]:
    return {name for name in ALL if b"heldAt" in await store.row(f"broker:{name}/0")}
