"""Faults, each tried on real processes while clients ask all the time, with its figures.

A fault is one module, `test_<number>_<name>.py`; the numbers are those of docs/reliability.md. A test starts real nodes
(`serve`), brokers that live (`fleet.LivingBrokers`) and look-ups at a steady rate (`load.LookupLoad`), then breaks
something, asserts what is promised, and notes what it measured (`figures.note`):

    async def test_redis_is_killed(own_store, serve, http, figures):
        store = own_store(durable=True)
        nodes = await serve(store.url, 2)
        apis = [Api(http, node.http) for node in nodes]
        async with LivingBrokers(nodes, http) as brokers:
            await brokers.shown_by(apis)
            async with LookupLoad(nodes, brokers.routes) as load:
                await load.steady()
                store.kill9()
                ...
                store.start()
                recovery_s = await brokers.recovered(apis)
            removed = await brokers.removed(apis)
        figures.note(row=4, fault="Redis is killed for a second", promises=(7, 8), removed=removed,
                     recovery_s=recovery_s, **load.figures())
        assert load.share_right == 1

All of them carry the marker `faults`; those that take more than 15 s also `slow`. `.ci/run` runs the fast ones,
`make faults` all, and makes docs/reliability.md of the figures.
"""
