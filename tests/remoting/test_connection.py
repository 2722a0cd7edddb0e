import logging

import pytest

from nsredis.remoting import connection as connection_module
from nsredis.remoting.limits import Limits
from nsredis.wire.codes import ResponseCode
from nsredis.wire.commands import Command, Serialization, decode, encode
from tests.remoting.conftest import Start
from tests.remoting.raw_client import request
from tests.remoting.scripted_door import (
    FAILS,
    FAILS_LATER,
    FAILS_TO_SORT,
    LATER,
    NOW,
    ORDERED,
    PREPARED,
)
from tests.support.eventually import eventually


async def test_a_request_is_answered(start: Start) -> None:
    remoting = await start()
    client = await remoting.client()
    answer = await client.ask(NOW, 7, b"body")
    assert (answer.code, answer.opaque, answer.body, answer.is_response) == (0, 7, b"body", True)
    assert (await client.ask(LATER, 8, b"later")).body == b"later"
    [peer] = remoting.door.peers
    assert peer.address == client.address
    assert not peer.secure
    assert remoting.server.peers() == [peer]
    assert remoting.observer.opened == 1
    assert remoting.observer.answered == {(NOW, 0): 1, (LATER, 0): 1}
    assert 0 < remoting.observer.seconds < 2
    await client.close()
    await eventually(lambda: remoting.door.gone == [peer])
    assert peer.gone
    assert remoting.server.peers() == []
    assert remoting.observer.closed == {"peer": 1}


async def test_frames_may_be_cut_anywhere(start: Start) -> None:
    remoting = await start()
    client = await remoting.client()
    frames = request(NOW, 1, b"a" * 40) + request(LATER, 2, form=Serialization.ROCKETMQ) + request(NOW, 3)
    for at in range(len(frames)):
        await client.send(frames[at : at + 1])
        if at % 7 == 0:
            await eventually(lambda: True)  # lets the server read it alone
    assert sorted([(await client.receive()).opaque for _ in range(3)]) == [1, 2, 3]


@pytest.mark.parametrize("form", list(Serialization))
@pytest.mark.parametrize("code", [NOW, LATER, FAILS, FAILS_LATER])
async def test_an_answer_has_the_form_of_its_request(start: Start, form: Serialization, code: int) -> None:
    client = await (await start()).client()
    await client.send(request(code, 1, form=form))
    assert (await client.receive()).serialization is form


@pytest.mark.parametrize("code", [NOW, PREPARED, LATER, ORDERED, FAILS, FAILS_LATER, FAILS_TO_SORT])
async def test_a_one_way_request_is_never_answered(start: Start, code: int) -> None:
    remoting = await start()
    remoting.door.prepared = encode(Command(0, 1, 1))
    client = await remoting.client()
    await client.send(request(code, 1, one_way=True))
    await eventually(lambda: sum(remoting.observer.answered.values()) == 1)
    assert (await client.ask(NOW, 2)).opaque == 2
    assert len(remoting.door.asked) == 2


async def test_a_whole_frame_is_sent_as_it_is(start: Start) -> None:
    remoting = await start()
    client = await remoting.client()
    remoting.door.prepared = encode(Command(0, 9, 1, body=b"prepared"))
    assert (await client.ask(PREPARED, 9)).body == b"prepared"
    assert remoting.observer.answered == {(PREPARED, 0): 1}


async def test_a_response_that_nobody_asked_for_is_dropped(start: Start) -> None:
    remoting = await start()
    client = await remoting.client()
    await client.send(encode(Command(0, 1, flag=1)))
    assert (await client.ask(NOW, 2)).opaque == 2
    assert [command.opaque for command in remoting.door.asked] == [2]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (FAILS, "LookupError: no such thing"),
        (FAILS_LATER, "LookupError: no such thing"),
        (FAILS_TO_SORT, "ValueError: unsortable"),
    ],
)
async def test_a_fault_of_the_door_is_told_and_logged_once(
    start: Start, caplog: pytest.LogCaptureFixture, code: int, words: str
) -> None:
    remoting = await start()
    client = await remoting.client()
    answer = await client.ask(code, 1)
    assert (answer.code, answer.remark) == (ResponseCode.SYSTEM_ERROR, words)
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info
    assert (await client.ask(NOW, 2)).code == 0
    assert remoting.observer.answered[code, ResponseCode.SYSTEM_ERROR] == 1


async def test_a_fault_at_the_end_of_a_connection_is_logged(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    remoting = await start()

    def closed(_: object) -> None:
        raise LookupError("unknown")

    remoting.door.closed = closed  # type: ignore[method-assign, assignment]
    client = await remoting.client()
    await client.ask(NOW)
    await client.close()
    await eventually(lambda: "was not taken note of" in caplog.text)


async def test_an_answer_that_the_protocol_cannot_carry_is_an_error(start: Start) -> None:
    remoting = await start()

    async def large(asked: Command, _: object) -> Command:
        return asked.reply(0, body=bytes(16 << 20))

    async def unsendable(asked: Command, _: object) -> Command:
        return asked.reply(0, ext={"a": 5})  # type: ignore[dict-item]

    remoting.door.work = {LATER: large, ORDERED: unsendable}
    client = await remoting.client()
    answer = await client.ask(LATER, 1)
    assert answer.code == ResponseCode.SYSTEM_ERROR
    assert "the answer would have 16777" in (answer.remark or "")
    await client.send(request(ORDERED, 2, form=Serialization.ROCKETMQ))
    answer = await client.receive()
    assert (answer.code, answer.opaque) == (ResponseCode.SYSTEM_ERROR, 2)


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "it speaks HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "it speaks TLS, which is off"),
        (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "not in remoting_trusted_proxies"),
        (b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c", "not in remoting_trusted_proxies"),
        (b"\xff\xff\xff\xff", ""),
        (b"\x01\x00\x00\x01", ""),
        (b"\x00\x00\x00\x04\x05\x00\x00\x00", ""),
    ],
)
async def test_what_is_no_frame_closes_the_connection(
    start: Start, caplog: pytest.LogCaptureFixture, data: bytes, hint: str
) -> None:
    remoting = await start()
    client = await remoting.client()
    await client.send(data)
    assert await client.is_cut_off()
    assert remoting.observer.malformed == 1
    await eventually(lambda: remoting.observer.closed == {"malformed": 1})
    assert f"{client.address} is cut off" in caplog.text
    assert hint in caplog.text
    assert ("it speaks" in caplog.text) == bool(hint)


async def test_what_was_asked_before_is_answered_first(start: Start) -> None:
    client = await (await start()).client()
    await client.send(request(NOW, 1) + b"\x00\x00\x00\x04\x05\x00\x00\x00")
    assert (await client.receive()).opaque == 1
    assert await client.is_cut_off()


async def test_the_limit_of_a_frame_counts_its_length_word(start: Start) -> None:
    remoting = await start(Limits(frame=1000))
    client = await remoting.client()
    whole = len(request(NOW, 1))
    assert len((await client.ask(NOW, 1, bytes(1000 - whole))).body or b"") == 1000 - whole
    await client.send(request(NOW, 1, bytes(1001 - whole)))
    assert await client.is_cut_off()


async def test_the_door_may_close_a_connection_and_send_on_it(start: Start) -> None:
    remoting = await start()
    client = await remoting.client()
    await client.ask(NOW, 1)
    [peer] = remoting.door.peers
    peer.send(Command(905, 4))
    peer.send(Command(905, 5))
    peer.close("test")
    peer.close("again")
    peer.send(Command(905, 6))
    assert peer.gone
    assert [(await client.receive()).opaque, (await client.receive()).opaque] == [4, 5]
    assert await client.is_cut_off()
    await eventually(lambda: remoting.door.gone == [peer])
    assert remoting.observer.closed == {"test": 1}


async def test_a_client_that_does_not_read_is_closed_all_the_same(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "CLOSE_WITHIN_S", 0.05)
    remoting = await start()
    remoting.door.prepared = bytes(4_000_000)
    client = await remoting.client()
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await client.send(request(PREPARED) * 10)
    await eventually(lambda: remoting.door.peers)
    remoting.door.peers[0].close("test")
    await eventually(lambda: remoting.observer.closed == {"test": 1})


async def test_a_client_that_ends_its_side_gets_what_it_asked_for(start: Start) -> None:
    remoting = await start()
    remoting.door.go.clear()
    client = await remoting.client()
    await client.send(request(LATER, 1) + request(LATER, 2))
    client.writer.write_eof()
    await eventually(lambda: len(remoting.door.begun) == 2)
    remoting.door.go.set()
    assert {(await client.receive()).opaque, (await client.receive()).opaque} == {1, 2}
    assert await client.is_cut_off()
    await eventually(lambda: len(remoting.door.gone) == 1)


class ShortWay:
    """Answers frames that say so; `stop_after` makes it stop as it does when answers are large."""

    def __init__(self, stop_after: int = 1000) -> None:
        self.stop_after = stop_after

    def at_hand(self, data: bytes) -> tuple[bytes, ...] | None:
        if b"raise at once" in data:
            raise LookupError
        parts: list[bytes] = []
        at_hand = b"at hand" in data and self.answer(data, 0, parts) == (len(data), 1, len(b"".join(parts)))
        return tuple(parts) if at_hand else None

    def answer(self, data: bytes, at: int, parts: list[bytes]) -> tuple[int, int, int]:
        count = size = 0
        while at < len(data) and count < self.stop_after:
            end = at + 4 + int.from_bytes(data[at : at + 4])
            if b"raise" in data[at:end]:
                raise LookupError
            if b"short" not in data[at:end]:
                break
            frame = encode(Command(0, decode(data[at + 4 : end]).opaque, 1, body=b"short"))
            parts += (frame[:10], frame[10:])
            at, count, size = end, count + 1, size + len(frame)
        return at, count, size


async def test_a_shortcut_comes_before_the_door(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    remoting = await start(shortcut=ShortWay())
    client = await remoting.client()
    assert (await client.ask(NOW, 1, b"a short way")).body == b"short"
    assert remoting.door.asked == []
    assert (await client.ask(NOW, 2, b"a long way")).body == b"a long way"
    assert (await client.ask(NOW, 3, b"short, at hand")).body == b"short"
    for words in (b"raise", b"raise at once"):
        caplog.clear()
        assert (await client.ask(NOW, 4, words)).body == words
        assert "is answered the general way" in caplog.text
    assert remoting.observer.answered == {(NOW, 0): 3}, "a shortcut counts what it answers"
    remoting.server.send_away()
    assert (await client.ask(NOW, 4, b"a short way")).body == b"a short way"


@pytest.mark.parametrize("stop_after", [1, 2, 1000])
async def test_both_ways_in_one_read_keep_the_order(start: Start, stop_after: int) -> None:
    remoting = await start(shortcut=ShortWay(stop_after))
    client = await remoting.client()
    bodies = [b"short", b"short", b"short", b"long", b"short", b"raise", b"short"]
    frames = b"".join(request(NOW, number, body) for number, body in enumerate(bodies))
    await client.send(frames + frames[:30])
    answers = [await client.receive() for _ in bodies]
    assert [answer.opaque for answer in answers] == list(range(7))
    assert [answer.body for answer in answers] == bodies
    assert [asked.opaque for asked in remoting.door.asked] == [3, 4, 5, 6]
    await client.send(frames[30:])
    assert [(await client.receive()).opaque for _ in bodies] == list(range(7))
    assert remoting.observer.answered == {(NOW, 0): 11}, "all but the first three"
