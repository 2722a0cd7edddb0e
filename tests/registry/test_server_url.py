from pathlib import Path

import pytest

from nsredis.core.errors import InvalidField
from nsredis.registry.link import open_link
from nsredis.registry.server_url import OPTIONS, TLS_OPTIONS, check_files, check_server_url

GOOD = """
    redis://h redis://h/ redis://h:1/0 redis://u:p@h/15 redis://[::1]:6379/0 redis://h?db=3&protocol=3 redis://:p@h/%30
    redis://h/0?socket_timeout=1.5&socket_connect_timeout=2&socket_keepalive=yes&health_check_interval=30&client_name=x
    rediss://h/0?ssl_cert_reqs=none&ssl_check_hostname=false
    rediss://h/0?ssl_cert_reqs=required&ssl_ca_certs=/etc/ca.pem&ssl_certfile=c&ssl_keyfile=k&ssl_password=p
    unix:///run/s.sock unix:///run/s.sock?db=2&password=p unix://user:p@/run/s.sock
"""


@pytest.mark.parametrize("url", GOOD.split())
def test_urls_of_servers(url: str) -> None:
    check_server_url(url)
    open_link(url, "n")  # the client library takes it too


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("", "must be a URL that starts with redis://, rediss://, unix://"),
        ("http://u:secret@h", "must be a URL that starts with"),
        ("redis://", "must have a host"),
        ("redis:///0", "must have a host"),
        ("redis://u:secret@/0", "must have a host"),
        ("redis://h:0", "must have a host, and a port from 1 to 65535"),
        ("redis://u:secret@h:port/0", "must have a host, an IPv6 one in brackets, and a port"),
        ("redis://u:secret@h:65536/0", "must have a host, an IPv6 one in brackets, and a port"),
        ("redis://[::1/0", "must have a host, an IPv6 one in brackets"),
        ("redis://h/abc", "must end with the number of a database"),
        ("redis://h/0/1", "must end with the number of a database"),
        ("redis://h/-1", "must end with the number of a database"),
        ("redis://:secret#1@h/0", "must not have a #: in a password it is %23"),
        ("unix://", "must name a socket by its whole path, such as unix:///run/redis/redis.sock"),
        ("unix:///", "must name a socket by its whole path"),
        ("unix://run/s.sock", "must name a socket by its whole path"),
        ("redis://h?bogus=1", "has no option bogus"),
        ("redis://h?SECRET=1", "has no option of that name"),
        ("redis://h?retry_on_timeout=true", "has no option retry_on_timeout"),
        ("redis://h?ssl_ca_certs=x", "has no option ssl_ca_certs; it goes with rediss://"),
        ("redis://h?db=1&db=2", "must have the option db once"),
        ("redis://h?db=one", "must have the number of a database for the option db"),
        ("redis://h?protocol=9", "must have 2 or 3 for the option protocol"),
        ("redis://h?socket_timeout=0", "must have a number of seconds for the option socket_timeout"),
        ("redis://h?socket_keepalive=maybe", "must have true or false for the option socket_keepalive"),
        ("redis://h?client_name=", "must have some text for the option client_name"),
        ("rediss://h?ssl_cert_reqs=zzz", "must have none, optional or required for the option ssl_cert_reqs"),
    ],
)
def test_what_is_wrong_with_a_url_is_told_in_one_line(url: str, rule: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check_server_url(url)
    assert refused.value.detail.startswith(f"redis: {rule}")
    assert "secret" not in refused.value.detail.lower()
    assert "\n" not in refused.value.detail


def test_every_option_is_one_of_the_client_library() -> None:
    values = {"db": "1", "protocol": "3", "ssl_cert_reqs": "none"}
    for name, (fits, _) in (OPTIONS | TLS_OPTIONS).items():
        value = next(text for text in (values.get(name, ""), "true", "1") if text and fits(text))
        open_link(f"rediss://h?{name}={value}", "n")


@pytest.mark.parametrize(
    ("option", "kind"),
    [("ssl_ca_certs", "file"), ("ssl_certfile", "file"), ("ssl_keyfile", "file"), ("ssl_ca_path", "folder")],
)
def test_a_file_that_is_not_there_is_told_with_its_option(tmp_path: Path, option: str, kind: str) -> None:
    there = tmp_path / "there"
    if kind == "file":
        there.touch()
    else:
        there.mkdir()
    for scheme in ("rediss", "rediss+cluster"):
        check_files(f"{scheme}://u:secret@h?ssl_cert_reqs=none&{option}={there}")
        with pytest.raises(InvalidField) as refused:
            check_files(f"{scheme}://u:secret@h?{option}={tmp_path}/nope")
        rule = f"redis: must name a {kind} that can be read for the option {option}: {tmp_path}/nope is none"
        assert refused.value.detail == rule
