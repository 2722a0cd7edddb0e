"""HTTP requests as they go over the wire."""

from collections.abc import Mapping


def request(method: str, host: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A request; `path` is percent-encoded."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "User-Agent: nsredis-bench"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
