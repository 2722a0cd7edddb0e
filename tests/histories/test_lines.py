from pathlib import Path

from tests.histories.answers import event, short
from tests.histories.lines import Call, Fault, History, Line, Reload, Stall, Told, digest, encode
from tests.histories.outcomes import http_outcome, remoting_outcome
from tests.histories.written import change, member, register


def test_lines_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    lines: list[Line] = [
        register("a/0", 1.0), Told("w", "w#1", "0.1", "topic:T", 2.0, 3, "x", None), member("a/0"),
        Fault("hole", "1", 1.0, 2.0, float("inf")), change("expire", 3.0, 4, "broker:a/0"), Stall(1.0, 0.2),
        Reload("0.1", 1.0, {"start": 1}), Call("c", "c#1", "0.1", "route", {}, 0.5, 0.6, "ok", body={"a": [1]}),
    ]  # fmt: skip
    file = tmp_path / "lines"
    file.write_bytes(b"".join(encode(line) for line in lines))
    read = History.read(file)
    assert [call.verb for call in read.calls] == ["route", "register"]
    assert read.calls[1] == lines[0]
    assert read.told + read.members + read.changes + read.stalls + read.reloads == [lines[i] for i in (1, 2, 4, 5, 6)]
    assert read.faults[0].healed == 1e9


def test_what_an_answer_means() -> None:
    assert http_outcome("kv-put", 201, "") == http_outcome("route", 404, "topic-not-found") == "ok"
    assert http_outcome("kv-put", 503, "outcome-unknown") == "unknown"
    assert http_outcome("kv-put", 503, "store-unavailable") == "refused"
    assert http_outcome("register", 503, "store-unavailable") == "unknown"
    assert http_outcome("leave", 409, "stale-epoch") == http_outcome("route", 503, "not-ready") == "refused"
    assert remoting_outcome("route", 17) == remoting_outcome("beat", 0) == "ok"
    assert remoting_outcome("route", 1) == "refused"
    assert remoting_outcome("beat", 1) == "unknown"


def test_a_watch_says_what_the_route_says_in_the_same_bytes() -> None:
    body = b'{"brokerDatas":[{"brokerAddrs":{"0":"h:1"},"brokerName":"a"}],"queueDatas":[{"brokerName":"a","perm":6,'
    body += b'"readQueueNums":2,"writeQueueNums":3}]}'
    subject, text, groups = event(f'{{"route":{body.decode()},"topic":"T"}}')
    assert (subject, digest(text.encode())) == ("topic:T", digest(body))
    assert groups == short("route", 200, body) == {"a": [2, 3, 6, {"0": "h:1"}]}
    assert event('{"reason":"deleted","route":null,"topic":"T"}') == ("topic:T", "", None)
