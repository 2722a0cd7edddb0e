"""Errors as application/problem+json (RFC 9457)."""

import secrets
from http import HTTPStatus
from typing import Any, Final

import orjson
from aiohttp import web

from nsredis.core.errors import (
    Conflict,
    HistoryTrimmed,
    InvalidField,
    NotFound,
    NotReplicated,
    NsredisError,
    PreconditionFailed,
    TopicNotFound,
    Unavailable,
)
from nsredis.http_api.errors import (
    ExpectationFailed,
    Malformed,
    MethodNotAllowed,
    NoSuchPath,
    TooLarge,
    TooSlow,
    UnsupportedMedia,
)
from nsredis.http_api.replicas import HEADER as REPLICAS

MEDIA_TYPE: Final = "application/problem+json"

_STATUSES: Final[tuple[tuple[type[NsredisError], int], ...]] = (
    (InvalidField, 422),
    (NotFound, 404),
    (NoSuchPath, 404),
    (MethodNotAllowed, 405),
    (TooSlow, 408),
    (Conflict, 409),
    (HistoryTrimmed, 410),
    (PreconditionFailed, 412),
    (TooLarge, 413),
    (UnsupportedMedia, 415),
    (ExpectationFailed, 417),
    (Malformed, 400),
    (Unavailable, 503),
)


def status_of(error: NsredisError) -> int:
    """The HTTP status that stands for an error."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def problem(error: NsredisError, request: web.BaseRequest, revision: int) -> web.Response:
    """The answer that tells an error."""
    status = status_of(error)
    content: dict[str, Any] = {
        "type": f"urn:nsredis:problem:{error.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.detail,
        "instance": request.raw_path,
        "code": error.code,
        "revision": revision,
    }
    if isinstance(error, InvalidField):
        content["field"] = error.field
    if isinstance(error, TopicNotFound):
        content["reason"] = error.reason
    response = web.Response(
        status=status, body=orjson.dumps(content, option=orjson.OPT_SORT_KEYS), content_type=MEDIA_TYPE
    )
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, NotReplicated):
        response.headers[REPLICAS] = str(error.replicas)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = error.allowed
    if isinstance(error, TooLarge | TooSlow):
        response.force_close()  # the rest of its body is not waited for
    if request_id(request) is None:
        response.headers["X-Request-Id"] = secrets.token_hex(8)
    return response


def request_id(request: web.BaseRequest) -> str | None:
    """The caller's X-Request-Id when it is fit to be sent back: at most 128 printable ASCII characters."""
    given = request.headers.get("X-Request-Id", "")
    return given if 0 < len(given) <= 128 and given.isascii() and given.isprintable() else None
