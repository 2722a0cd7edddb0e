"""The OpenAPI document, made from the endpoints and the very types that check requests."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from nsredis import __version__
from nsredis.http_api.endpoint import Endpoint
from nsredis.view.answers import Answer
from nsredis.wire.api_types import Problem

DOCUMENT: Final = web.AppKey("openapi", Answer)

_PARAMETER: Final = re.compile(r"{(\w+)}")
_REF: Final = "#/components/schemas/{name}"
_PATH_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "brokerId": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**63 - 1},
}
_ALWAYS: Final = {
    400: "The request, or its body, is not what it says it is",
    422: "A parameter or a field breaks a rule",
    503: "Not ready, going away, or the store is away",
}
_WITH_BODY: Final = {
    408: "The body came in too slowly",
    413: "The body is too large",
    415: "The body's media type or encoding is not read here",
}
_PHRASES: Final = {
    200: "Done",
    201: "Created",
    204: "Done; nothing to say",
    304: "The reader has it already",
    404: "There is no such thing",
    409: "It contradicts the registered state",
    410: "The changes asked for are no longer kept",
    412: "The condition does not hold",
}


def document(endpoints: Sequence[Endpoint]) -> Answer:
    """The document as bytes."""
    types: set[Any] = {Problem}
    for endpoint in endpoints:
        types.update(kind for kind in endpoint.answers.values() if isinstance(kind, type))
        if endpoint.body is not None:
            types.add(endpoint.body)
    ordered = sorted(types, key=lambda kind: str(kind.__name__))
    schemas, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    by_type = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, by_type)
    return Answer.of(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "nsredis",
                "version": __version__,
                "description": "A name server for RocketMQ and for any fleet of brokers.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": paths,
            "components": {"schemas": components},
        }
    )


def _operation(endpoint: Endpoint, by_type: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()} {endpoint.path}",
        "summary": endpoint.summary,
        "tags": list(endpoint.tags),
        "parameters": [*_path_parameters(endpoint.path), *_query_parameters(endpoint), *_headers(endpoint)],
        "responses": _responses(endpoint, by_type),
    }
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": not endpoint.body_optional,
            "content": {"application/json": {"schema": by_type[endpoint.body]}},
        }
    return operation


def _path_parameters(path: str) -> Iterable[dict[str, Any]]:
    for name in _PARAMETER.findall(path):
        schema = _PATH_SCHEMAS.get(name, {"type": "string", "minLength": 1})
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    for field in msgspec.structs.fields(endpoint.query):
        schema = msgspec.json.schema(field.type)
        parameter = {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        yield parameter


def _headers(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    if endpoint.conditional:
        yield _header(
            "If-None-Match", "ETags of the bodies that the reader has; 304 when one of them is the present one"
        )
        yield _header("Prefer", "wait=30 waits so many seconds, at most 60, for a body that is not in If-None-Match")
    if 412 in endpoint.answers:
        yield _header("If-Match", "the ETag that the key must have")


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": description}


def _responses(endpoint: Endpoint, by_type: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": by_type[Problem]}}
    responses: dict[str, Any] = {}
    for status, kind in endpoint.answers.items():
        response: dict[str, Any] = {"description": _PHRASES[status]}
        if isinstance(kind, str):
            response["content"] = {kind: {"schema": {"type": "string"}}}
        elif kind is not None:
            response["content"] = {"application/json": {"schema": by_type[kind]}}
        elif status >= 400:
            response["content"] = problem
        responses[str(status)] = response
    if endpoint.conditional:
        responses["304"] = {"description": _PHRASES[304]}
    for status, words in {**_ALWAYS, **(_WITH_BODY if endpoint.body is not None else {})}.items():
        responses[str(status)] = {"description": words, "content": problem}
    return responses
