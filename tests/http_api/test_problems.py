import asyncio
import re

import pytest

from nsredis.core import errors as core_errors
from nsredis.core.errors import NsredisError
from nsredis.http_api import errors as http_errors
from nsredis.http_api.problems import status_of
from tests.support.api import Api


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v2/brokers", 404, "no-such-path"),
        ("GET", "/v1/routes/T/", 404, "no-such-path"),
        ("POST", "/v1/topics", 405, "method-not-allowed"),
        ("TRACE", "/readyz", 405, "method-not-allowed"),
        ("GET", "/v1/heartbeats", 405, "method-not-allowed"),
        ("GET", "/v1/routes/Unknown", 404, "topic-not-found"),
        ("GET", "/v1/topics?nothing=1", 422, "invalid-field"),
        ("GET", "/v1/topics?limit=1&limit=2", 422, "invalid-field"),
    ],
)
async def test_every_error_is_a_problem(api: Api, method: str, path: str, status: int, code: str) -> None:
    reply = await api.call(method, path)
    assert reply.status == status
    assert reply.headers["Content-Type"] == "application/problem+json"
    problem = reply.json
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:nsredis:problem:{code}"
    assert problem["instance"] == path
    assert problem["title"]
    assert problem["detail"]
    assert problem["revision"] == reply.revision
    assert len(reply.headers["X-Request-Id"]) == 16


async def test_405_says_what_is_allowed(api: Api) -> None:
    assert (await api.call("POST", "/v1/topics")).headers["Allow"] == "DELETE, GET, HEAD"
    assert (await api.call("GET", "/v1/brokers/c/a/override")).headers["Allow"] == "DELETE, PUT"


@pytest.mark.parametrize("raw", [b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\nX: \x01\r\n\r\n", b"GET / HTTP/9\r\n\r\n"])
async def test_even_what_is_no_http_is_answered_with_a_problem(api: Api, raw: bytes) -> None:
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(raw)
    answer = (await reader.read()).decode()
    writer.close()
    assert " 400 Bad Request\r\n" in answer
    assert "Content-Type: application/problem+json\r\n" in answer
    assert "Nsredis-Node: the-node\r\n" in answer
    assert '"code":"malformed"' in answer
    revision = re.search(r"Nsredis-Revision: (\d+)", answer)
    assert revision
    assert f'"revision":{revision[1]},' in answer


async def test_every_answer_says_who_knows_what(api: Api) -> None:
    revision = (await api.register("a")).json["revision"]
    for path in ("/v1/topics", "/v1/routes/Unknown", "/livez", "/metrics", "/openapi.json", "/"):
        reply = await api.get(path, X_Request_Id="mine-7")
        assert reply.headers["Nsredis-Node"] == "the-node"
        assert reply.headers["Nsredis-Stale-Ms"] == "0"
        assert reply.revision == revision
        assert reply.headers.getall("X-Request-Id") == ["mine-7"]  # type: ignore[attr-defined]
    assert "X-Request-Id" not in (await api.get("/v1/topics")).headers
    assert "X-Request-Id" not in (await api.get("/v1/topics", X_Request_Id="x" * 129)).headers


def _kinds(kind: type[NsredisError]) -> list[type[NsredisError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _kinds(child))]


def test_every_error_has_a_status_and_a_code_of_its_own() -> None:
    kinds = [kind for kind in _kinds(NsredisError) if kind is not NsredisError]
    assert {core_errors.TopicNotFound, core_errors.TooFarBehind, http_errors.Malformed} <= set(kinds)
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    for kind in kinds:
        error = kind.__new__(kind)
        assert (status_of(error) == 500) == (kind is http_errors.Unexpected)


@pytest.mark.parametrize("path", ["/v1/topics", "/v1/kv/n/k", "/nowhere"])
async def test_what_nobody_can_expect_is_refused_with_a_problem(api: Api, path: str) -> None:
    reply = await api.call("GET", path, headers={"Expect": "a-miracle"})
    assert (reply.status, reply.headers["Content-Type"]) == (417, "application/problem+json")
    assert (reply.json["code"], reply.json["revision"]) == ("expectation-failed", reply.revision)
    assert reply.headers["Nsredis-Node"] == "the-node"
