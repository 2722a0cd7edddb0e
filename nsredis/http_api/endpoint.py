"""What one endpoint is: declared once, it routes, validates, and documents."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, Literal, Self

from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType

from nsredis.service.doors import Services
from nsredis.wire.api_types import MAX_INT64

SERVICES: Final = web.AppKey("services", Services)


class Query(Struct, rename="camel", forbid_unknown_fields=True):
    """Query parameters. A name that an endpoint does not know is an error; UNSET stands for one that is not given.

    One that is given and empty is an error where it would not mean anything: a caller that forgot a value shall not be
    taken for one that wants everything.
    """


class ReadQuery(Query):
    """What every read takes."""

    consistency: Annotated[
        Literal["eventual", "strong"],
        Meta(description="strong: at least as new as every change acknowledged before the request came in"),
    ] = "eventual"
    min_revision: (
        Annotated[int, Meta(ge=0, le=MAX_INT64, description="wait until the node has applied it")] | UnsetType
    ) = UNSET


class ListQuery(ReadQuery):
    """What every list takes."""

    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    cursor: Annotated[str, Meta(max_length=2048, description="the `next` of the page before")] = ""


@dataclass(slots=True)
class Exchange:
    """One request, with its checked parts, and what may answer it."""

    services: Services
    request: web.Request
    query: Any = None
    body: Any = None

    def path(self, name: str) -> str:
        """A part of the path, percent-decoded once."""
        return self.request.match_info[name]

    @property
    def by(self) -> str:
        """Who asks, for the record."""
        return f"http {self.request.remote or 'unknown'}"


Handler = Callable[[Exchange], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method of a path. `answers`: status -> the type of its body, a media type, or None for no body.

    `reads` decodes the body in place of `body`, which then only documents it. `conditional`: it has an ETag and can be
    waited on. `multiple`: query parameters that may be given many times.
    """

    method: str
    path: str
    handle: Handler
    summary: str
    answers: Mapping[int, type[Struct] | str | None]
    query: type[Query] = Query
    multiple: frozenset[str] = frozenset()
    body: type[Struct] | None = None
    reads: type[Struct] | None = None
    body_optional: bool = False
    conditional: bool = False
    streams: bool = False
    tags: tuple[str, ...] = field(default=())

    def tagged(self, tag: str) -> Self:
        """The same endpoint in a chapter of the document."""
        return replace(self, tags=(tag,))
