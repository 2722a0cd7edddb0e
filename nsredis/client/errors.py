"""What can go wrong when a name server is asked.

ClientError
    ApiProblem         the server answered with a problem
    ServerUnreachable  no server gave an answer that is one of ours
    Superseded         another process holds this broker's id
"""


class ClientError(Exception):
    """Base of what the client library raises; the text is one line for people."""


class ApiProblem(ClientError):
    """The server's own words. `code` is stable; `field`, `reason` and `retry_after_s` are there when they help."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str = "",
        reason: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field
        self.reason = reason
        self.retry_after_s = retry_after_s

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later, with nothing changed."""
        return self.status in (429, 503)


class ServerUnreachable(ClientError):
    """No answer came. A request that changes something may or may not have done so; all of ours may be repeated."""

    def __init__(self, server: str, why: str) -> None:
        super().__init__(f"no answer from {server}: {why}")
        self.server = server
        self.why = why


class Superseded(ClientError):
    """Another process registered this broker's id after us; to go on would take it away from that one."""
