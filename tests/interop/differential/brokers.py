"""Requests of brokers, with the parameters that RocketMQ 5 sends unless a test says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Serialization
from tests.interop.differential import bodies
from tests.interop.differential.steps import VERSION_5, Step, request


@dataclass(frozen=True)
class Who:
    """A broker that does not exist, at an address of its own."""

    name: str = "broker-a"
    broker_id: int = 0
    cluster: str = "ClusterOne"
    host: str = ""

    @property
    def address(self) -> str:
        last = sum(map(ord, self.name)) % 200 + 1
        return f"{self.host or f'10.0.{self.broker_id}.{last}'}:10911"

    @property
    def ext(self) -> dict[str, str]:
        return {
            "clusterName": self.cluster,
            "brokerName": self.name,
            "brokerId": str(self.broker_id),
            "brokerAddr": self.address,
        }

    @property
    def ha(self) -> str:
        return self.address.replace(":10911", ":10912")


A = Who()
A1 = Who(broker_id=1)
A2 = Who(broker_id=2)
B = Who("broker-b")
C = Who("broker-c", cluster="ClusterTwo")


class Caller:
    """Makes the requests of one form of header."""

    def __init__(self, form: Serialization) -> None:
        self.form = form

    def ask(self, code: int, name: str = "", *about: str, **options: Any) -> Step:
        """Any request; `ext` and the other options as `request` takes them."""
        return request(code, name, *about, form=self.form, **options)

    def register(
        self,
        who: Who,
        body: bytes | None,
        name: str = "",
        *about: str,
        version: int = VERSION_5,
        acting: str | None = "false",
        drop: tuple[str, ...] = (),
        **more: str,
    ) -> Step:
        """A registration. `acting` None: as brokers before 5.0. `drop`: parameters that are not sent."""
        ext = who.ext | {"haServerAddr": who.ha} | ({} if acting is None else {"enableActingMaster": acting}) | more
        kept = {key: value for key, value in ext.items() if key not in drop}
        label = f"{who.name}/{who.broker_id} {name}"
        return self.ask(RequestCode.REGISTER_BROKER, label, *about, version=version, ext=kept, body=body)

    def topics(self, who: Who, topics: Mapping[str, bodies.Queues] = bodies.TWO, counter: int = 1) -> Step:
        """A registration with some topics."""
        return self.register(who, bodies.registration(topics, bodies.Version(counter)))

    def leave(self, who: Who) -> Step:
        return self.ask(RequestCode.UNREGISTER_BROKER, f"{who.name}/{who.broker_id}", ext=who.ext, settles=True)

    def route(self, topic: str, *about: str, version: int = VERSION_5, **more: str) -> Step:
        code = RequestCode.GET_ROUTEINFO_BY_TOPIC
        return self.ask(code, f"{topic} v{version} {more or ''}", *about, version=version, ext={"topic": topic, **more})

    def clusters(self, *about: str) -> Step:
        return self.ask(RequestCode.GET_BROKER_CLUSTER_INFO, "", *about)

    def all_topics(self) -> Step:
        return self.ask(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)
