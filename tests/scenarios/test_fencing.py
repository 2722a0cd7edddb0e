"""Late messages of an older incarnation change nothing."""

from functools import partial

from tests.support.api import Api
from tests.support.eventually import eventually


async def test_what_comes_late_changes_nothing(two: tuple[Api, Api]) -> None:
    first = (await two[0].register("a", instance="process-1")).json["epoch"]
    again = await two[1].register("a", instance="process-2")
    assert again.status == 200
    second = again.json["epoch"]
    assert second > first
    before = await two[0].get(f"/v1/brokers/c/a/0?minRevision={again.json['revision']}")

    late_leave = await two[0].call("DELETE", f"/v1/brokers/c/a/0?epoch={first}")
    late_beat = await two[1].beat("a", epoch=first)
    late_put = await two[0].register("a", instance="process-1", epoch=first)
    for reply in (late_leave, late_beat, late_put):
        assert reply.status == 409
        assert reply.json["code"] == "stale-epoch"
        assert str(second) in reply.json["detail"]

    after = await two[0].get("/v1/brokers/c/a/0?consistency=strong")
    assert (after.body, after.revision) == (before.body, before.revision)
    assert (await two[1].beat("a", epoch=second)).status == 204
    assert (await two[1].call("DELETE", f"/v1/brokers/c/a/0?epoch={second}")).status == 204
    for node in two:
        await eventually(partial(_absent, node))


async def _absent(node: Api) -> bool:
    return (await node.route("TopicA")).status == 404
