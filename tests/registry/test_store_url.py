import pytest

from nsredis.core.errors import InvalidField
from nsredis.registry.store_url import StoreUrl, describe, place_text


def test_one_server_is_the_client_librarys_own_url() -> None:
    url = "rediss://user:p%40ss@h:1/3?ssl_ca_certs=x"
    assert StoreUrl.parse(url) == StoreUrl("single", (), url)


def test_sentinels() -> None:
    parsed = StoreUrl.parse("redis+sentinel://user:p%40ss@h1:1,h2,[::1]:3/my%2Fmaster/5?socket_timeout=2")
    assert parsed == StoreUrl(
        "sentinel",
        (("h1", 1), ("h2", 26379), ("::1", 3)),
        "redis://user:p%40ss@h1:1/5?socket_timeout=2",
        "redis://h1:1/0?socket_timeout=2",
        "my/master",
    )


def test_sentinels_have_a_user_of_their_own_and_share_certificates() -> None:
    parsed = StoreUrl.parse(
        "rediss+sentinel://:secret@h/m?ssl_ca_certs=/ca.pem&sentinel_username=watch+er&sentinel_password=a%26%3A%20b"
        "&client_name=x"
    )
    assert parsed.server == "rediss://:secret@h:26379/0?ssl_ca_certs=%2Fca.pem&client_name=x"
    assert parsed.sentinel == "rediss://watch%20er:a%26%3A%20b@h:26379/0?ssl_ca_certs=%2Fca.pem"


@pytest.mark.parametrize(
    ("url", "server", "sentinel"),
    [
        ("redis+sentinel://h/m?tls=true", "rediss", "rediss"),
        ("redis+sentinel://h/m?tls=yes&sentinel_tls=no", "rediss", "redis"),
        ("rediss+sentinel://h/m?sentinel_tls=false", "rediss", "redis"),
        ("redis+sentinel://h/m?sentinel_tls=1", "redis", "rediss"),
    ],
)
def test_tls_holds_for_both_unless_it_is_said(url: str, server: str, sentinel: str) -> None:
    parsed = StoreUrl.parse(url)
    assert (parsed.server.partition(":")[0], parsed.sentinel.partition(":")[0]) == (server, sentinel)


@pytest.mark.parametrize("path", ["", "/", "/0"])
def test_a_cluster(path: str) -> None:
    parsed = StoreUrl.parse(f"redis+cluster://u:p@h1:7000,h2{path}?tls=true")
    assert parsed == StoreUrl("cluster", (("h1", 7000), ("h2", 6379)), "rediss://u:p@h1:7000/0")


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("", "starts with"),
        ("h:6379", "starts with"),
        ("http://u:secret@h", "starts with"),
        ("valkey://u:secret@h", "starts with"),
        ("unix+sentinel://u:secret@h/m", "starts with"),
        ("redis+sentinel://u:secret@h1,h2", "name the primary"),
        ("redis+sentinel://u:secret@h1,h2/", "name the primary"),
        ("redis+sentinel://u:secret@h1,,h2/m", "list hosts"),
        ("redis+sentinel://u:secret@/m", "list hosts"),
        ("redis+sentinel://u:secret@h:70000/m", "list hosts"),
        ("redis+sentinel://u:secret@::1/m", "list hosts"),
        ("redis+sentinel://u:secret@h/m/x", "number of a database"),
        ("redis+sentinel://u:secret@h/m?tls=maybe", "true or false for tls"),
        ("redis+cluster://u:secret@h/1", "no database but 0"),
        ("redis+cluster://u:secret@h/0/1", "no database but 0"),
    ],
)
def test_what_is_wrong_is_one_line_without_the_password(url: str, rule: str) -> None:
    with pytest.raises(InvalidField, match=rule) as refused:
        StoreUrl.parse(url)
    assert refused.value.field == "redis"
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_printed_holds_no_password() -> None:
    assert describe("rediss://user:secret@h:1/3?ssl_ca_certs=x") == "rediss://h:1/3"
    assert describe("unix:///run/s.sock") == "unix:///run/s.sock"
    assert describe("redis+sentinel://u:secret@h1:1,h2/m/1?sentinel_password=secret") == "redis+sentinel://h1:1,h2/m/1"


def test_places_are_written_as_people_write_them() -> None:
    assert place_text(("::1", 1)) == "[::1]:1"
    assert place_text(("h", 1)) == "h:1"
