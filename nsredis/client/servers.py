"""Which name server a client asks."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

SERVER_VARIABLE: Final = "NSREDIS_SERVER"
"""The environment variable that names the server that our commands ask."""

DEFAULT_SERVER: Final = "http://127.0.0.1:8080"


def server_urls(servers: str | Iterable[str]) -> list[str]:
    """The base URLs in a text with commas between them, or in several texts; http:// may be left out.

    ValueError with one line when one is no http:// or https:// URL.
    """
    texts = [servers] if isinstance(servers, str) else servers
    urls = [_url(part.strip()) for text in texts for part in text.split(",") if part.strip()]
    if not urls:
        raise ValueError("a server must be named, such as " + DEFAULT_SERVER)
    return urls


def _url(text: str) -> str:
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ValueError(f"{text} is no URL of a server, such as {DEFAULT_SERVER}")
    return url.rstrip("/")
