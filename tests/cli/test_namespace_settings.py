"""Settings of the namespace by command, against a real node."""

import json

from nsredis.client.http_client import ApiClient
from nsredis.core.namespace_settings import SETTINGS, NamespaceSettings
from tests.cli.commands import command


async def test_they_are_listed_with_what_they_do(server: str, client: ApiClient) -> None:
    await client.patch_settings({"remotingLeaseMs": 5000})
    listed = await command("settings", server=server)
    assert [row[0] for row in listed.rows] == sorted(SETTINGS)
    assert ["remotingLeaseMs", "5000", "120000", "The", "lease"] in [row[:5] for row in listed.rows]
    assert ["enableTopicList", "true", "true"] in [row[:3] for row in listed.rows]
    assert (await command("settings", "list", server=server)).out == listed.out
    told = json.loads((await command("settings", "--json", server=server)).out)
    assert told == NamespaceSettings().values() | {"remotingLeaseMs": 5000}


async def test_they_are_set_and_reset(server: str, client: ApiClient) -> None:
    run = await command("settings", "set", "supportActingMaster", "true", server=server)
    assert run.out.startswith("supportActingMaster is true (revision ")
    said = json.loads((await command("settings", "set", "remotingLeaseMs", "5000", "--json", server=server)).out)
    assert said["revision"] > 0
    values = (await client.settings()).value
    assert (values["supportActingMaster"], values["remotingLeaseMs"]) == (True, 5000)
    run = await command("settings", "reset", "remotingLeaseMs", server=server)
    assert run.out.startswith("remotingLeaseMs is at its default (revision ")
    assert (await client.settings()).value == NamespaceSettings().values() | {"supportActingMaster": True}


async def test_what_is_refused_is_named(server: str, client: ApiClient) -> None:
    for name, value, rule in (
        ("enableTopicList", "yes", "must be true or false"),
        ("enableTopicList", "", "must be true or false"),
        ("remotingLeaseMs", "true", "must be a whole number from 1000 to 3600000"),
        ("later", "1", "is not a field here"),
    ):
        run = await command("settings", "set", name, value, server=server)
        assert (run.code, run.out, run.err) == (1, "", f"nsredis: {name}: {rule}\n")
    assert (await command("settings", "reset", "x", server=server)).code == 1
    assert (await command("settings", "set", "enableTopicList", server=server)).code == 2
    assert (await client.settings()).value == NamespaceSettings().values()
