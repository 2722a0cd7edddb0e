"""Key-value configuration by command, against a real node."""

import json
from pathlib import Path

from aiohttp import web

from nsredis.client.http_client import ApiClient
from nsredis.core.kv import MAX_VALUE
from tests.cli.commands import command
from tests.support.ports import free_port


async def test_kv(server: str, client: ApiClient) -> None:
    run = await command("kv", "put", "ns", "a/b", "a value", server=server)
    assert run.code == 0
    assert (await client.kv("ns", "a/b")).value.value == "a value"
    assert (await command("kv", "get", "ns", "a/b", server=server)).out == "a value\n"
    said = json.loads((await command("kv", "get", "ns", "a/b", "--json", server=server)).out)
    assert (said["namespace"], said["key"], said["value"]) == ("ns", "a/b", "a value")
    listed = await command("kv", "list", "ns", server=server)
    assert listed.rows[0][:3] == ["a/b", "a", "value"]
    assert (await command("kv", "delete", "ns", "a/b", server=server)).code == 0
    gone = await command("kv", "get", "ns", "a/b", server=server)
    assert (gone.code, gone.out) == (1, "")
    assert gone.err.startswith("nsredis: no key a/b")


async def test_what_a_terminal_would_obey_is_shown_in_the_list_and_kept_in_json(server: str, client: ApiClient) -> None:
    await client.put_kv("ns", "k", "\x1b[2Jx\ny")
    assert (await command("kv", "list", "ns", server=server)).rows[0][:2] == ["k", r"\x1b[2Jx\ny"]
    assert (await command("kv", "get", "ns", "k", server=server)).out == "\x1b[2Jx\ny\n"
    said = json.loads((await command("kv", "list", "ns", "--json", server=server)).out)
    assert said["items"][0]["value"] == "\x1b[2Jx\ny"


async def test_put_prints_the_apis_json(server: str) -> None:
    said = json.loads((await command("kv", "put", "ns", "k", "v", "--json", server=server)).out)
    assert said["value"] == "v"
    assert said["revision"] > 0


JAVAS = (
    '{"configTable":{"ORDER_TOPIC_CONFIG":{"TopicA":"broker-a:4;broker-b:4","TopicB":"broker-a:8"},"ns":{"gone":null}}}'
)
"""As a Java name server leaves it: compact, without an order, without a newline."""


async def _revision(client: ApiClient) -> int:
    (node,) = (await client.nodes()).value
    return node.revision


async def test_a_file_of_a_java_name_server_is_imported(server: str, client: ApiClient, tmp_path: Path) -> None:
    file = tmp_path / "kvConfig.json"
    file.write_text(JAVAS)
    await client.put_kv("ORDER_TOPIC_CONFIG", "TopicB", "broker-b:2")
    await client.put_kv("ORDER_TOPIC_CONFIG", "Own", "broker-c:1")

    shown = await command("kv", "import", str(file), "--dry-run", server=server)
    assert shown.rows == [
        ["ORDER_TOPIC_CONFIG", "TopicA", "broker-a:4;broker-b:4"],
        ["ORDER_TOPIC_CONFIG", "TopicB", "broker-b:2", "broker-a:8"],
        ["1", "new,", "1", "changed,", "0", "unchanged", "(dry", "run)"],
    ]
    assert (await client.kv("ORDER_TOPIC_CONFIG", "TopicB")).value.value == "broker-b:2"

    assert (await command("kv", "import", str(file), server=server)).out == "1 new, 1 changed, 0 unchanged\n"
    held = {entry.key: entry.value for entry in (await client.kv_list("ORDER_TOPIC_CONFIG")).value}
    assert held == {"Own": "broker-c:1", "TopicA": "broker-a:4;broker-b:4", "TopicB": "broker-a:8"}
    assert (await client.kv_namespaces()).value == ["ORDER_TOPIC_CONFIG"]
    assert (await command("kv", "import", str(file), server=server)).out == "0 new, 0 changed, 2 unchanged\n"


async def test_what_is_exported_is_what_is_there_and_importing_it_changes_nothing(
    server: str, client: ApiClient, tmp_path: Path
) -> None:
    for namespace, key, value in (("n/s", "b", '\n"ü'), ("n/s", "..", ""), ("a", "%2F k", "v" * MAX_VALUE)):
        await client.put_kv(namespace, key, value)
    printed = (await command("kv", "export", server=server)).out
    expected = {"configTable": {"a": {"%2F k": "v" * MAX_VALUE}, "n/s": {"..": "", "b": '\n"ü'}}}
    assert printed == json.dumps(expected, separators=(",", ":"), ensure_ascii=False) + "\n"
    file = tmp_path / "kvConfig.json"
    assert (await command("kv", "export", str(file), server=server)).out == ""
    assert file.read_text() == printed

    before = await _revision(client)
    assert (await command("kv", "import", str(file), server=server)).out == "0 new, 0 changed, 3 unchanged\n"
    assert await _revision(client) == before

    for namespace, key in (("n/s", "b"), ("n/s", ".."), ("a", "%2F k")):
        await client.delete_kv(namespace, key)
    assert (await command("kv", "export", server=server)).out == '{"configTable":{}}\n'
    assert (await command("kv", "import", str(file), server=server)).out == "3 new, 0 changed, 0 unchanged\n"
    assert (await command("kv", "export", server=server)).out == printed


async def test_a_file_with_one_fault_changes_nothing(server: str, client: ApiClient, tmp_path: Path) -> None:
    file = tmp_path / "kvConfig.json"
    for content, words in (
        ('{"configTable":{"a":{"k":"v"},"b":{"k":4}}}', "configTable.b.k: must be a text or null"),
        ('{"configTable":{"a":{"k":"v"},"b":{"":"v"}}}', "key: must not be empty"),
        ('{"configTable":{"a":{"k":"v"}', "must be JSON"),
        ('{"a":{"k":"v"}}', "configTable: is required"),
    ):
        file.write_text(content)
        run = await command("kv", "import", str(file), server=server)
        assert (run.code, run.out) == (1, "")
        assert run.err.startswith(f"nsredis: {file}: ")
        assert words in run.err
    assert (await client.kv_namespaces()).value == []
    assert (await command("kv", "import", str(tmp_path / "none.json"), server=server)).code == 2


async def test_a_file_that_cannot_be_written_is_told(server: str, tmp_path: Path) -> None:
    file = tmp_path / "none" / "kvConfig.json"
    run = await command("kv", "export", str(file), server=server)
    assert (run.code, run.err) == (1, f"nsredis: {file}: No such file or directory\n")


async def test_an_import_that_is_cut_off_says_how_far_it_came(tmp_path: Path) -> None:
    written: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response({"code": "not-found", "detail": "no key"}, status=404)
        if written:
            return web.json_response({"code": "store-unavailable", "detail": "the store is away"}, status=503)
        written.append(request.path)
        return web.json_response({"namespace": "ns", "key": "a", "value": "1", "revision": 1})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port := free_port()).start()
    file = tmp_path / "kvConfig.json"
    file.write_text('{"configTable":{"ns":{"a":"1","b":"2","c":"3"}}}')
    run = await command("kv", "import", str(file), server=f"http://127.0.0.1:{port}")
    await runner.cleanup()
    assert (run.code, run.out, written) == (1, "", ["/v1/kv/ns/a"])
    assert run.err == ("stopped at ns b, with 1 of 3 keys written; import again to go on\nnsredis: the store is away\n")
