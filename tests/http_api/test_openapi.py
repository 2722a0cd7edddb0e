import asyncio
import re
import sys
from pathlib import Path

from tests.support.api import Api
from tests.support.serve_process import ServeProcess

FUZZING = """\
[parameters]
minRevision = 0  # whoever waits, waits
wait = 0
"header.Prefer" = "return=minimal"

[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]
positive_data_acceptance.enabled = false  # a cursor, and a body's cross-field rules, are more than a schema says
missing_required_header.enabled = false
"""


async def test_nothing_that_a_client_sends_brings_an_undocumented_answer(tmp_path: Path) -> None:
    node = ServeProcess(tmp_path, "--data-dir", tmp_path / "data", "--log-level", "warning")
    node.start()
    try:
        await node.ready()
        (tmp_path / "schemathesis.toml").write_text(FUZZING)
        fuzzing = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", tmp_path / "schemathesis.toml"),
            *("run", f"{node.url}/openapi.json", "--exclude-path", "/v1/watch"),
            *(
                "--phases",
                "examples,coverage,fuzzing",
                "--max-examples",
                "10",
                "--generation-deterministic",
                "--request-timeout",
                "10",
                "--no-color",
            ),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await fuzzing.communicate()
        assert fuzzing.returncode == 0, output.decode()[:4000]
        assert "found" not in output.decode().partition("Test cases:")[2]
        assert "Traceback" not in node.output
    finally:
        node.kill9()


async def test_every_documented_route_is_there(api: Api) -> None:
    document = (await api.get("/openapi.json")).json
    assert document["openapi"].startswith("3.1")
    called = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            place = re.sub(r"{\w*[iI]d}", "0", re.sub(r"{(?!\w*[iI]d})\w+}", "x", path))
            body = {"address": "10.0.0.1:1"} if method == "put" and place.endswith("/0") else {}
            reply = await api.call(method.upper(), place, body if "requestBody" in operation else None)
            assert str(reply.status) in operation["responses"], (method, path, reply)
            if reply.status in (404, 405):
                assert reply.json["code"] not in ("no-such-path", "method-not-allowed"), (method, path)
            called += 1
    assert called >= 25


async def test_the_page_links_to_what_is_there(api: Api) -> None:
    page = await api.get("/")
    assert page.headers["Content-Type"].startswith("text/html")
    links = re.findall(r'href="([^"]+)"', page.body.decode())
    assert len(links) >= 6
    for link in links:
        assert (await api.get(f"/{link}")).status == 200, link
