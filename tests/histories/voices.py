"""How a broker speaks to a node: over HTTP, or as RocketMQ's own brokers do."""

from typing import Any, Final, Protocol

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.wire.codes import RequestCode
from nsredis.wire.registration import RegisterBody, body_crc, encode_register_body
from tests.histories.callers import HttpCaller, Place, RemotingCaller
from tests.histories.lines import Call
from tests.histories.plan import BrokerPlan, always_topics, topics_of
from tests.histories.recorder import Recorder
from tests.support.remoting import broker_ext

PATIENCE_S: Final = 1.0
"""A broker that is not answered for so long asks another node, else its lease might lapse."""


def queues_of(number: int) -> int:
    """How many queues all topics of a registration have: it tells registrations apart."""
    return 1 + number


class Voice(Protocol):
    """One incarnation's way to speak."""

    async def register(self, place: Place, number: int, instance: int) -> tuple[Call, int]:
        """Register; the epoch, 0 where it is not told."""

    async def beat(self, place: Place, epoch: int) -> Call:
        """Renew the lease."""

    async def leave(self, place: Place, epoch: int) -> Call:
        """Leave."""

    async def close(self) -> None:
        """Close what is open."""


class HttpVoice:
    """Speaks HTTP, and says which epoch it is."""

    def __init__(self, plan: BrokerPlan, address: str, recorder: Recorder, *, late: bool = False) -> None:
        self._plan = plan
        self._address = address
        self._caller = HttpCaller(f"late {plan.broker}" if late else plan.broker, recorder)
        self._path = f"/v1/brokers/{plan.cluster}/{plan.name}/{plan.id}"
        self._late: dict[str, Any] = {"late": True} if late else {}

    async def register(self, place: Place, number: int, instance: int) -> tuple[Call, int]:
        body: dict[str, Any] = {
            "address": self._address,
            "leaseMs": int(self._plan.lease_s * 1000),
            "instance": f"{self._plan.broker} {instance}",
        }
        if self._plan.id == 0:
            queues = {"readQueueNums": queues_of(number), "writeQueueNums": queues_of(number)}
            body["topics"] = dict.fromkeys(topics_of(self._plan.name, number), queues)
        call, _ = await self._caller.call(
            place, "register", "PUT", self._path, body=body, patience_s=PATIENCE_S,
            broker=self._plan.broker, number=number, instance=instance, topics=sorted(body.get("topics", ())),
        )  # fmt: skip
        return call, call.body["epoch"] if call.ok else 0

    async def beat(self, place: Place, epoch: int) -> Call:
        call, _ = await self._caller.call(
            place, "beat", "POST", f"{self._path}/heartbeat", body={"epoch": epoch}, patience_s=PATIENCE_S,
            broker=self._plan.broker, epoch=epoch, **self._late,
        )  # fmt: skip
        return call

    async def leave(self, place: Place, epoch: int) -> Call:
        call, _ = await self._caller.call(
            place, "leave", "DELETE", f"{self._path}?epoch={epoch}", broker=self._plan.broker, epoch=epoch, **self._late
        )
        return call

    async def close(self) -> None:
        await self._caller.close()


class RemotingVoice:
    """Speaks RocketMQ's protocol, where a broker is known by its address."""

    def __init__(self, plan: BrokerPlan, address: str, recorder: Recorder) -> None:
        self._plan = plan
        self._caller = RemotingCaller(plan.broker, recorder)
        self._ext = broker_ext(plan.name, plan.id, cluster=plan.cluster, address=address)

    async def register(self, place: Place, number: int, instance: int) -> tuple[Call, int]:
        queues = QueueData(queues_of(number), queues_of(number))
        topics = dict.fromkeys(always_topics(self._plan.name), queues)
        raw = encode_register_body(RegisterBody(DataVersion(0, 1_700_000_000_000 + instance, number), topics, {}, ()))
        ext = self._ext | {
            "haServerAddr": "",
            "bodyCrc32": str(body_crc(raw)),
            "compressed": "false",
            "enableActingMaster": "false",
            "heartbeatTimeoutMillis": str(int(self._plan.lease_s * 1000)),
        }
        call = await self._caller.call(
            place, "register", RequestCode.REGISTER_BROKER, ext, raw, patience_s=PATIENCE_S,
            broker=self._plan.broker, number=number, instance=instance, topics=sorted(topics),
        )  # fmt: skip
        return call, 0

    async def beat(self, place: Place, epoch: int) -> Call:
        return await self._caller.call(
            place, "beat", RequestCode.BROKER_HEARTBEAT, self._ext, patience_s=PATIENCE_S,
            broker=self._plan.broker, epoch=epoch,
        )  # fmt: skip

    async def leave(self, place: Place, epoch: int) -> Call:
        return await self._caller.call(
            place, "leave", RequestCode.UNREGISTER_BROKER, self._ext, broker=self._plan.broker, epoch=epoch
        )

    async def close(self) -> None:
        await self._caller.close()
