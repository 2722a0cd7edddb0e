"""Both load programs, the compiled and the Python one, against servers that answer in every awkward way."""

import shutil
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nsredis.bench.failures import LoadFailed
from nsredis.bench.kernel.cores import choose_cores
from nsredis.bench.load.generator import COMPILERS, Generator, LoadResult
from nsredis.bench.load.http import request
from nsredis.bench.load.plan import Order, Plan, Protocol, Request
from nsredis.wire import commands
from nsredis.wire.commands import Command
from nsredis.wire.frames import FrameSplitter
from tests.support.ports import free_port

Respond = Callable[[bytes], bytes]
Serve = Callable[[Respond], int]


@pytest.fixture
def hung_up() -> threading.Event:
    """Set when somebody closes a connection."""
    return threading.Event()


@pytest.fixture
def serve(hung_up: threading.Event) -> Iterator[Serve]:
    """Serves what a function makes of each read; gives the port."""
    servers: list[socketserver.ThreadingTCPServer] = []

    def start(respond: Respond) -> int:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                while data := self.request.recv(65536):
                    self.request.sendall(respond(data))
                hung_up.set()

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        server.daemon_threads = server.allow_reuse_address = True
        server.server_bind()
        server.server_activate()
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return int(server.server_address[1])

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(params=["compiled", "Python"])
def generator(request: pytest.FixtureRequest, tmp_path: Path) -> Generator:
    compiled = request.param == "compiled"
    if compiled:
        assert any(map(shutil.which, COMPILERS)), "there is no C compiler here"
    made = Generator(tmp_path, choose_cores(), compiled=compiled)
    assert made.kind == request.param
    return made


def _run(generator: Generator, port: int, plan: Plan, **shape: float) -> LoadResult[None]:
    connections, depth = int(shape.get("connections", 3)), int(shape.get("depth", 1))
    seconds, rate, forgiving = shape.get("seconds", 0.1), shape.get("rate", 0.0), bool(shape.get("forgiving"))
    return generator.run(
        port,
        plan,
        lambda: None,
        connections=connections,
        depth=depth,
        seconds=seconds,
        rate=rate,
        forgiving=forgiving,
    )


def _backwards(data: bytes) -> bytes:
    """Answers to remoting requests, the last first: each with its topic as the body."""
    asked = [commands.decode(payload) for payload in FrameSplitter().feed(data)]
    return b"".join(commands.encode(one.reply(0, body=(one.ext or {})["topic"].encode())) for one in reversed(asked))


def _query(topic: str, body: str) -> Request:
    return Request(commands.encode(Command(105, 1_000_000, ext={"topic": topic})), body.encode())


@pytest.mark.parametrize("order", [Order.IN_TURN, Order.RANDOM])
def test_answers_in_any_order_find_their_requests(generator: Generator, serve: Serve, order: Order) -> None:
    plan = Plan(Protocol.REMOTING, [[_query(f"topic-{i}", f"topic-{i}") for i in range(50)]], order)
    result = _run(generator, serve(_backwards), plan, depth=8)
    assert result.answers > 100
    assert result.latencies.counts.total() == result.answers
    assert result.rate > 0
    assert 0 < result.busy <= 1.1


def test_another_content_than_the_expected_is_a_failure(generator: Generator, serve: Serve) -> None:
    plan = Plan(Protocol.REMOTING, [[_query("right", "right"), _query("wrong", "other")]])
    with pytest.raises(LoadFailed, match="answers are wrong, the first"):
        _run(generator, serve(_backwards), plan)


def test_another_code_than_the_expected_is_a_failure(generator: Generator, serve: Serve) -> None:
    plan = Plan(Protocol.REMOTING, [[Request(_query("a", "").content, None, 17)]])
    with pytest.raises(LoadFailed, match="wrong, the first: status"):
        _run(generator, serve(_backwards), plan)


def test_wrong_answers_that_are_forgiven_are_counted_and_told(generator: Generator, serve: Serve) -> None:
    large = "x" * 10_000  # of large ones only some are compared, until one is wrong
    for right, wrong in (("right", "other"), (large, large[1:]), (large, large[1:] + "y")):
        plan = Plan(Protocol.REMOTING, [[_query(right, wrong), *[_query(right, right)] * 3]])
        result = _run(generator, serve(_backwards), plan, forgiving=True, connections=1)
        assert result.latencies.counts.total() == result.answers > 8
        assert 0.1 < result.wrong_share < 0.4
        assert result.first_wrong.startswith("length: " if len(wrong) < len(right) else "content: ")
    result = _run(generator, serve(_backwards), Plan(Protocol.REMOTING, [[_query("a", "a")]]), forgiving=True)
    assert (result.wrong_share, result.first_wrong) == (0.0, "")


@pytest.mark.parametrize(
    ("said", "expected", "share"),
    [
        ('{"a":[{"x":1,"y":2},{"x":3}],"b":{}}', '{"b":{},"a":[{"x":3},{"y":2,"x":1}]}', 0.0),
        ('{"a":[{"x":1,"y":2},{"x":3}],"b":{}}', '{"b":{},"a":[{"x":1},{"y":2,"x":3}]}', 1.0),
        ('{"a":[1,2],"b":[3]}', '{"a":[1],"b":[3,2]}', 1.0),
        ('{"a":1},b', '{"a":1},c', 1.0),
        ("{}}a", "{}}b", 1.0),
    ],
)
def test_the_same_parts_in_another_order_are_right_where_that_is_forgiven(
    generator: Generator, serve: Serve, said: str, expected: str, share: float
) -> None:
    assert len(said) == len(expected)
    port, plan = serve(_backwards), Plan(Protocol.REMOTING, [[_query(said, expected)]])
    assert _run(generator, port, plan, forgiving=True).wrong_share == share
    with pytest.raises(LoadFailed, match="content: " if share else "order: "):
        _run(generator, port, plan)


def test_requests_sent_once_end_the_load(generator: Generator, serve: Serve) -> None:
    lanes = [[_query(f"{lane}-{i}", f"{lane}-{i}") for i in range(20)] for lane in range(3)]
    result = _run(generator, serve(_backwards), Plan(Protocol.REMOTING, lanes, Order.ONCE), seconds=20)
    assert result.answers == 3 * 19  # the first of each connection is sent before the time starts
    assert result.lasted_s < 10


def test_http_answers_are_read_to_their_end(generator: Generator, serve: Serve) -> None:
    def respond(data: bytes) -> bytes:
        if b"If-None-Match" in data:
            return b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"
        return b"HTTP/1.1 200 OK\r\nDate: today\r\ncontent-length: 5\r\n\r\nhello"

    whole = Request(request("GET", "h", "/a"), b"hello", 200)
    same = Request(request("GET", "h", "/a", headers={"If-None-Match": '"x"'}), b"", 304)
    assert _run(generator, serve(respond), Plan(Protocol.HTTP, [[whole, same]])).answers > 10


def test_fixed_answers_are_counted_by_their_length(generator: Generator, serve: Serve) -> None:
    plan = Plan(Protocol.FIXED, [[Request(b"ping", b"pong!")]])
    result = _run(generator, serve(lambda data: b"pong!" * (len(data) // 4)), plan, depth=4)
    assert result.answers > 20


def test_an_open_loop_keeps_its_rate_and_counts_from_when_a_request_was_due(generator: Generator, serve: Serve) -> None:
    stalled = threading.Event()

    def stall_once(data: bytes) -> bytes:
        if not stalled.is_set() and b"topic-30" in data:
            stalled.set()
            threading.Event().wait(0.2)
        return _backwards(data)

    plan = Plan(Protocol.REMOTING, [[_query(f"topic-{i}", f"topic-{i}") for i in range(100)]])
    result = _run(generator, serve(stall_once), plan, connections=1, seconds=0.5, rate=200.0)
    assert result.answers == 100
    # One answer was late, and held up those that were due behind it: a closed loop would have counted one.
    assert result.latencies.quantile_us(0.5) < 150_000
    assert sum(count for bucket, count in result.latencies.counts.items() if bucket >= 32 * 20) > 20


def test_a_server_that_hangs_up_or_is_not_there_is_told(generator: Generator, serve: Serve) -> None:
    plan = Plan(Protocol.FIXED, [[Request(b"ping", b"pong!")]])
    with pytest.raises(LoadFailed, match="refused"):
        _run(generator, free_port(), plan)
    with pytest.raises(LoadFailed, match=r"closed a connection|reset"):
        _run(generator, serve(lambda _: (_ for _ in ()).throw(ConnectionError())), plan)


def test_what_a_load_left_behind_can_be_seen_while_it_is_connected(
    generator: Generator, serve: Serve, hung_up: threading.Event
) -> None:
    port = serve(lambda data: b"x" * (len(data) // 4))
    seen: list[bool] = []
    plan = Plan(Protocol.FIXED, [[Request(b"1234", b"x")]])

    def proof() -> None:
        seen.append(hung_up.wait(0.1))

    generator.run(port, plan, lambda: None, connections=3, seconds=0.1, proof=proof)
    assert seen == [False]
    assert hung_up.wait(5), "and then they go"
