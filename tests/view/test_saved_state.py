"""A state as a file and back: everything is there, damage is found, and the loop never stalls."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from nsredis.core.brokers import BrokerKey
from nsredis.view.saved_state import Head, decode, encode, head_of, seal
from nsredis.view.state import State
from tests.support.full_state import full_state, same
from tests.support.loop_slices import LoopSlices

HEAD = Head("ns", "redis://h:1/0", 77, "tag77", 1_700_000_000_000)


async def _file(state: State) -> bytes:
    return seal(await encode(HEAD, state))


async def test_everything_comes_back() -> None:
    state = await full_state()
    file = await _file(state)
    assert head_of(file) == HEAD
    back = await decode(file)
    assert same(back, state)
    for topic in state.topics():
        assert back.offers(topic) == state.offers(topic)
    assert set(back.topics()) == set(state.topics())


async def test_a_state_without_anything() -> None:
    assert same(await decode(await _file(State(77, "tag77"))), State(77, "tag77"))


async def test_any_damage_is_found() -> None:
    file = await _file(await full_state())
    for broken in (b"", b"x", file[:-1], file[:100], file[:50] + bytes([file[50] ^ 1]) + file[51:], b"y" + file):
        with pytest.raises(ValueError, match=r"view|damaged"):
            head_of(broken)


async def test_a_table_that_is_cut_off_is_found_even_where_the_digest_is_right() -> None:
    parts = await encode(HEAD, await full_state(topics=5000))
    with pytest.raises(ValueError, match="cut off"):
        await decode(seal(parts[:-8]))


async def test_what_moves_while_it_is_encoded_is_not_mixed_in() -> None:
    state = await full_state(topics=5000, groups=20)
    expected = await decode(await _file(state))

    async def move() -> None:
        for number in range(20):
            await asyncio.sleep(0)
            for broker_id in (0, 2):
                state.set_broker(BrokerKey(f"broker {number}", broker_id), None)
            state.set_group(f"broker {number}", None)
        state.position = 99, state.tag

    _, file = await asyncio.gather(move(), _file(state))
    back = await decode(file)
    assert back.groups == expected.groups
    assert back.brokers == expected.brokers


@pytest.fixture
def _out_of_the_collectors_sight() -> Iterator[None]:
    """As a node does with what it loaded."""
    gc.collect()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_out_of_the_collectors_sight")
async def test_a_hundred_thousand_topics_never_stall_the_loop() -> None:
    state = await full_state(topics=5000, groups=20)
    gc.freeze()
    async with LoopSlices() as encoding:
        parts = await encode(HEAD, state)
    file = seal(parts)
    gc.freeze()
    async with LoopSlices() as decoding:
        back = await decode(file)
    assert same(back, state)
    assert len(file) < 1_000_000
    assert encoding.longest_ms < 20
    assert decoding.longest_ms < 30
