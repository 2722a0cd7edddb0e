"""Parts that are a few lines of arithmetic."""

import logging
import resource

import pytest

from nsredis.remoting.addresses import Networks, host_of, join_address
from nsredis.remoting.greetings import PROXY_V2, Greeting, read_greeting
from nsredis.remoting.limits import Budget
from nsredis.sockets import file_limit
from nsredis.sockets.accepting import plain_host
from nsredis.sockets.file_limit import ENOUGH, connections_for, raise_file_limit, shares
from nsredis.sockets.seldom import EVERY_S, Seldom


def test_a_line_is_written_seldom_and_tells_how_often_it_was_left_out(caplog: pytest.LogCaptureFixture) -> None:
    now = 100.0
    line = Seldom(logging.getLogger("test"), logging.WARNING, lambda: now)
    for number in range(4):
        line.tell("it is %d", number)
    assert caplog.messages == ["it is 0"]
    now += EVERY_S
    line.tell("it is %d", 4)
    assert caplog.messages[1:] == ["it is 4 (and 3 like it before)"]
    now += EVERY_S
    line.tell("it is %d", 5)
    assert caplog.messages[2:] == ["it is 5"]


def test_a_budget_is_taken_and_given_back() -> None:
    budget = Budget(10)
    assert budget.take(7)
    assert not budget.take(4)
    assert budget.take(3)
    budget.give(10)
    assert budget.take(10)


@pytest.mark.parametrize(
    ("data", "greeting"),
    [
        (b"P", Greeting.PROXY),
        (b"PROXY TCP4", Greeting.PROXY),
        (b"PROD", Greeting.FRAMES),
        (b"\r", Greeting.PROXY),
        (PROXY_V2 + b"\x21", Greeting.PROXY),
        (b"\r\n\r\n\x01", Greeting.FRAMES),
        (b"\x16", Greeting.TLS),
        (b"\x16\x03\x01", Greeting.TLS),
        (b"\x00\x00\x00\x16", Greeting.FRAMES),
        (b"\x01\x00\x00\x00", Greeting.FRAMES),
    ],
)
def test_the_first_bytes_tell_what_is_spoken(data: bytes, greeting: Greeting) -> None:
    assert read_greeting(data) is greeting


def test_addresses_are_written_in_one_way() -> None:
    assert plain_host("::ffff:10.0.0.1") == "10.0.0.1"
    assert plain_host("::ffff:1") == "::ffff:1"
    assert join_address("10.0.0.1", 5) == "10.0.0.1:5"
    assert join_address("::1", 5) == "[::1]:5"
    assert host_of("[2001:db8::7]:5") == "2001:db8::7"
    assert host_of("10.0.0.1:5") == "10.0.0.1"


def test_networks_know_their_addresses() -> None:
    networks = Networks(["10.0.0.0/8", " 192.168.1.7 ", "fe80::/10"])
    assert networks
    assert "10.255.0.1" in networks
    assert "192.168.1.7" in networks
    assert "192.168.1.8" not in networks
    assert "fe80::1%eth0" in networks
    assert "::1" not in networks
    assert not Networks(())
    assert "10.0.0.1" not in Networks(())
    with pytest.raises(ValueError, match="does not appear to be"):
        Networks(["balancer"])
    with pytest.raises(ValueError, match="has host bits set"):
        Networks(["10.0.0.1/8"])


class Kernel:
    """Limits that may be raised to the hard one."""

    RLIMIT_NOFILE = resource.RLIMIT_NOFILE
    RLIM_INFINITY = resource.RLIM_INFINITY

    def __init__(self, soft: int, hard: int, *, refuses: bool = False) -> None:
        self.limits = soft, hard
        self.refuses = refuses

    def getrlimit(self, _: int) -> tuple[int, int]:
        return self.limits

    def setrlimit(self, _: int, limits: tuple[int, int]) -> None:
        if self.refuses:
            raise ValueError("not allowed")
        self.limits = limits


@pytest.mark.parametrize(
    ("soft", "hard", "raised"),
    [
        (1024, 4096, 4096),
        (1024, resource.RLIM_INFINITY, ENOUGH),
        (1024, 1 << 30, ENOUGH),
        (4096, 4096, 4096),
        (1 << 21, 1 << 30, 1 << 21),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, ENOUGH),
    ],
)
def test_the_limit_of_files_is_raised(monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, raised: int) -> None:
    kernel = Kernel(soft, hard)
    monkeypatch.setattr(file_limit, "resource", kernel)
    assert raise_file_limit() == raised
    assert soft == resource.RLIM_INFINITY or kernel.limits == (raised, hard)


def test_a_limit_that_cannot_be_raised_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(file_limit, "resource", Kernel(1024, 4096, refuses=True))
    assert raise_file_limit() == 1024
    assert "stays at 1024: not allowed" in caplog.text


@pytest.mark.parametrize(("files", "connections"), [(256, 128), (1024, 768), (20_000, 18_000), (1 << 20, 943_719)])
def test_connections_leave_files_for_everything_else(files: int, connections: int) -> None:
    assert connections_for(files) == connections


@pytest.mark.parametrize(
    ("http", "remoting", "shared"),
    [(0, 0, (500, 501)), (100, 0, (100, 901)), (0, 100, (901, 100)), (10, 20, (10, 20)), (1000, 0, (1000, 100))],
)
def test_two_doors_share_what_there_is(http: int, remoting: int, shared: tuple[int, int]) -> None:
    assert shares(1001, http, remoting) == shared
