import pytest

from nsredis.client.servers import server_urls


@pytest.mark.parametrize(
    ("given", "urls"),
    [
        ("http://a:1", ["http://a:1"]),
        ("a:1", ["http://a:1"]),
        ("https://ns.example/registry/", ["https://ns.example/registry"]),
        ("a:1, http://b:2/,", ["http://a:1", "http://b:2"]),
        (["a:1", "[::1]:2"], ["http://a:1", "http://[::1]:2"]),
    ],
)
def test_servers_are_read_as_people_write_them(given: str | list[str], urls: list[str]) -> None:
    assert server_urls(given) == urls


@pytest.mark.parametrize(
    "given", ["", " , ", "ftp://a", "http://", "http://a:port", "http://a:0", "http://a?b=c", "[::1"]
)
def test_what_is_no_server_is_told(given: str) -> None:
    with pytest.raises(ValueError, match="server"):
        server_urls(given)
