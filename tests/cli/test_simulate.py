"""`nsredis simulate` against a real node."""

import signal
from collections import Counter

from nsredis.client.http_client import ApiClient
from tests.cli.commands import command, running
from tests.support.eventually import eventually


async def test_many_brokers_register_beat_and_leave(server: str, client: ApiClient) -> None:
    arguments = ("--brokers", "50", "--topics", "120", "--cluster", "fleet", "--lease-ms", "1500")
    async with running("simulate", *arguments, server=server) as simulate:
        await simulate.says("50 of 50 brokers online")
        brokers = (await client.brokers("fleet", live=True)).value
        assert Counter(broker.state for broker in brokers) == {"online": 50}
        assert len((await client.topics()).value) == 120
        assert len((await client.route((await client.topics()).value[0])).value.broker_datas) == 2
        first = min(broker.last_beat_ms or 0 for broker in brokers)

        async def lived_longer_than_their_leases() -> bool:
            now = (await client.brokers("fleet", live=True)).value
            assert all(broker.state == "online" for broker in now)
            return min(broker.last_beat_ms or 0 for broker in now) > first + 2000

        await eventually(lived_longer_than_their_leases, 15, every_s=0.1)
        run = await simulate.end(signal.SIGTERM)
    assert run.code == 0
    assert "50 brokers have left" in run.out
    assert "\x1b" not in run.out
    assert Counter((broker.state, broker.reason) for broker in (await client.brokers("fleet")).value) == {
        ("offline", "unregistered"): 50
    }


async def test_forgotten_brokers_register_again(server: str, client: ApiClient) -> None:
    async with running("simulate", "--brokers", "4", "--topics", "2", "--lease-ms", "1000", server=server) as simulate:
        await simulate.says("4 of 4 brokers online")
        before = (await client.brokers("sim")).value
        for broker in before[:2]:
            await client.unregister("sim", broker.broker_name, 0)

        async def there_again() -> bool:
            now = (await client.brokers("sim")).value
            return all(broker.state == "online" for broker in now) and now[0].epoch > before[0].epoch

        await eventually(there_again)
        await simulate.says("2 registered again")
        assert (await simulate.end(signal.SIGINT)).code == 0


async def test_a_second_fleet_of_the_same_names_takes_over_and_the_first_ends(server: str, client: ApiClient) -> None:
    arguments = ("simulate", "--brokers", "3", "--topics", "3", "--lease-ms", "1000")
    async with running(*arguments, server=server) as first:
        await first.says("3 of 3 brokers online")
        async with running(*arguments, server=server) as second:
            await second.says("3 of 3 brokers online")
            run = await first.ended()
            assert run.code == 1
            assert run.err == "nsredis: another process registered all of these brokers\n"
            assert {broker.state for broker in (await client.brokers("sim")).value} == {"online"}


async def test_names_that_cannot_be_are_told() -> None:
    run = await command("simulate", "--cluster", "a b", server="127.0.0.1:1")
    assert run.code == 2
    assert "--cluster" in run.err
