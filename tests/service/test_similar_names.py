import asyncio
import random

import pytest

from nsredis.service.similar_names import similar
from tests.support.loop_slices import LoopSlices

FLEET = [f"orders-{i:06}" for i in range(100_000)]


@pytest.mark.parametrize(
    "typo",
    ["OrderPayment", "orderpaid", "ORDERPAID", "OrderPiad", "OrdrPaid", "OrderPaids", "OrderPald", "0rderPaid"],
)
async def test_a_slip_of_the_pen_finds_the_name(typo: str) -> None:
    known = {"OrderPaid", "Shipping", "%RETRY%group", "o"} | ({"OrderPayments"} if typo == "OrderPayment" else set())
    assert (await similar(typo, known))[0] == ("OrderPayments" if typo == "OrderPayment" else "OrderPaid")


async def test_other_names_and_the_name_itself_are_not_similar() -> None:
    assert await similar("OrderPaid", {"OrderPaid", "Shipping", "Payments1"}) == []
    assert await similar("OrderPaid", set()) == []
    assert await similar("x" * 128, {"x" * 127}) == []


async def test_the_most_similar_come_first_and_no_more_than_five() -> None:
    known = {"TopicAB", "TopicAC", "TopicAD", "TopicAE", "TopicAF", "TopicAG", "topica"}
    found = await similar("TopicA", known)
    assert len(found) == 5
    assert found[0] == "topica"


@pytest.mark.parametrize("typo", ["orders-099990x", "ordrs-099990", "0rders-099990", "ORDERS-099990"])
async def test_a_slip_finds_the_name_among_a_hundred_thousand_alike(typo: str) -> None:
    found = await similar(typo, dict.fromkeys(FLEET))
    assert "orders-099990" in found


@pytest.mark.parametrize("name", ["orders-09999", "x" * 127])
async def test_among_a_hundred_thousand_alike_the_loop_goes_on(name: str) -> None:
    known = dict.fromkeys(random.Random(1).sample(FLEET, len(FLEET)))
    async with LoopSlices() as slices:
        await asyncio.sleep(0)
        found = await similar(name, known)
    assert [other for other in found if other not in known] == []
    assert bool(found) is name.startswith("orders")
    assert slices.turns > 10
    assert slices.longest_ms < 25
