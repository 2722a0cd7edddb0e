"""Key-value configuration."""

from typing import Final

from aiohttp import web

from nsredis.core.errors import NotFound, PreconditionFailed
from nsredis.http_api import conditional, shapes
from nsredis.http_api.endpoint import Endpoint, Exchange, ListQuery, ReadQuery
from nsredis.http_api.paging import page
from nsredis.http_api.replicas import replicas
from nsredis.view.answers import Answer
from nsredis.wire.api_types import KvBody, KvInfo, KvNamespaceAnswer, KvNamespacesAnswer

KEY: Final = "/v1/kv/{namespace}/{key}"


def _entry(exchange: Exchange) -> Answer:
    entry = exchange.services.queries.kv(exchange.path("namespace"), exchange.path("key"))
    return shapes.encode(shapes.kv_info(entry))


async def get(exchange: Exchange) -> web.Response:
    """One key."""
    return await conditional.answer(exchange, lambda: _entry(exchange), [f"kv:{exchange.path('namespace')}"])


async def get_namespace(exchange: Exchange) -> web.Response:
    """Every key of a namespace."""
    namespace, query = exchange.path("namespace"), exchange.query

    def build() -> Answer:
        found = exchange.services.queries.kv_namespace(namespace)
        items, following = page(found, lambda entry: entry.key, limit=query.limit, cursor=query.cursor)
        return shapes.encode(KvNamespaceAnswer([shapes.kv_info(entry) for entry in items], following))

    return await conditional.answer(exchange, build, [f"kv:{namespace}"])


async def list_namespaces(exchange: Exchange) -> web.Response:
    """Every namespace that has a key."""
    query = exchange.query

    def build() -> Answer:
        found = exchange.services.queries.kv_namespaces()
        items, following = page(found, str, limit=query.limit, cursor=query.cursor)
        return shapes.encode(KvNamespacesAnswer(items, following))

    return await conditional.answer(exchange, build, ["kv"])


async def _expected(exchange: Exchange) -> int | None:
    """The revision that the key must have for the request's conditions to hold: 0 for none, None for any.

    PreconditionFailed when they do not hold now.
    """
    headers = exchange.request.headers
    wanted, unwanted = headers.get("If-Match", "").strip(), headers.get("If-None-Match", "").strip()
    if not wanted and not unwanted:
        return None
    await exchange.services.queries.at_least(strong=True)  # the caller may have seen more than this node has
    try:
        entry = exchange.services.queries.kv(exchange.path("namespace"), exchange.path("key"))
    except NotFound:
        etag, revision = conditional.ABSENT, 0
    else:
        etag, revision = shapes.encode(shapes.kv_info(entry)).etag, entry.revision
    holds = True
    if wanted:
        holds = revision > 0 if wanted == "*" else etag in {tag.strip() for tag in wanted.split(",")}
    if unwanted:
        holds = holds and (revision == 0 if unwanted == "*" else not conditional.matches(exchange.request, etag))
    if not holds:
        raise PreconditionFailed(f"the key's present ETag is {etag}")
    return revision


async def put(exchange: Exchange) -> web.Response:
    """Set a key."""
    entry, written = await exchange.services.admin.put_kv(
        exchange.path("namespace"),
        exchange.path("key"),
        exchange.body.value,
        expected=await _expected(exchange),
        by=exchange.by,
    )
    answer = shapes.encode(shapes.kv_info(entry))
    return web.Response(
        status=201 if written.created else 200,
        body=answer.body,
        content_type="application/json",
        headers={"ETag": answer.etag, **replicas(written)},
    )


async def delete(exchange: Exchange) -> web.Response:
    """Delete a key; also when there is none."""
    written = await exchange.services.admin.delete_kv(
        exchange.path("namespace"), exchange.path("key"), expected=await _expected(exchange), by=exchange.by
    )
    return web.Response(status=204, headers=replicas(written))


ENDPOINTS: Final = (
    Endpoint("GET", KEY, get, "Read a key", {200: KvInfo, 404: None}, query=ReadQuery, conditional=True),
    Endpoint(
        "PUT", KEY, put, "Set a key; If-Match makes it conditional", {200: KvInfo, 201: KvInfo, 412: None}, body=KvBody
    ),
    Endpoint("DELETE", KEY, delete, "Delete a key; If-Match makes it conditional", {204: None, 412: None}),
    Endpoint(
        "GET",
        "/v1/kv",
        list_namespaces,
        "List the namespaces that have keys",
        {200: KvNamespacesAnswer},
        query=ListQuery,
        conditional=True,
    ),
    Endpoint(
        "GET",
        "/v1/kv/{namespace}",
        get_namespace,
        "List the keys of a namespace",
        {200: KvNamespaceAnswer, 404: None},
        query=ListQuery,
        conditional=True,
    ),
)
