"""Requests drawn by chance over a small world, the same for a seed. What is known to differ is not drawn."""

import random
from collections.abc import Callable

from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Serialization
from tests.interop.differential.bodies import Queues, Version, compressed, registration, route
from tests.interop.differential.brokers import Caller, Who
from tests.interop.differential.steps import Step, numbered

TOPICS = [f"Topic{letter}" for letter in "ABCDEFGH"]
NAMES = {"broker-a": "ClusterOne", "broker-b": "ClusterOne", "broker-c": "ClusterTwo"}
VERSIONS = (317, 399, 401, 407, 479, 493)


class _World:
    """Draws requests, and keeps the versions of brokers: whose topics change, changes its version."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._versions: dict[Who, int] = {}
        self._calls = [Caller(form) for form in Serialization]

    def _who(self) -> Who:
        name = self._random.choice(list(NAMES))
        return Who(name, self._random.randrange(3), NAMES[name])

    def _topics(self) -> dict[str, Queues]:
        names = self._random.sample(TOPICS, self._random.randint(2, 5))
        numbers = (1, 2, 4, 8)
        return {
            name: (self._random.choice(numbers), self._random.choice(numbers), self._random.choice((4, 6, 7)))
            for name in names
        }

    def register(self, call: Caller) -> Step:
        who = self._who()
        self._versions[who] = self._versions.get(who, 0) + 1
        topics, version = self._topics(), Version(self._versions[who])
        if self._random.random() < 0.3:
            return call.register(who, compressed(topics, version), compressed="true")
        return call.register(who, registration(topics, version))

    def leave(self, call: Caller) -> Step:
        return call.leave(self._who())

    def route(self, call: Caller) -> Step:
        return call.route(self._random.choice([*TOPICS, "Nowhere"]), version=self._random.choice(VERSIONS))

    def query(self, call: Caller) -> Step:
        who = self._who()
        version = Version(self._versions.get(who, 0) + self._random.choice((0, 0, 1)))
        return call.ask(RequestCode.QUERY_DATA_VERSION, f"{who.name}/{who.broker_id}", ext=who.ext, body=version.json())

    def single(self, call: Caller) -> Step:
        topic, name = self._random.choice(TOPICS), self._random.choice(list(NAMES))
        return call.ask(
            RequestCode.REGISTER_TOPIC_IN_NAMESRV,
            f"{topic} {name}",
            ext={"topic": topic},
            body=route((name, (3, 3, 6))),
        )

    def look(self, call: Caller) -> Step:
        code = self._random.choice(
            (
                RequestCode.GET_BROKER_CLUSTER_INFO,
                RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
                RequestCode.GET_UNIT_TOPIC_LIST,
                RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST,
            )
        )
        return call.ask(code)

    def by_cluster(self, call: Caller) -> Step:
        cluster = self._random.choice(("ClusterOne", "ClusterTwo", "Nowhere"))
        return call.ask(RequestCode.GET_TOPICS_BY_CLUSTER, cluster, ext={"cluster": cluster})

    def kv(self, call: Caller) -> Step:
        code = self._random.choice((RequestCode.PUT_KV_CONFIG, RequestCode.GET_KV_CONFIG, RequestCode.DELETE_KV_CONFIG))
        ext = {"namespace": "drawn", "key": self._random.choice("abc"), "value": self._random.choice("xyz")}
        return call.ask(code, ext["key"], ext=ext)

    def draw(self) -> Step:
        weights: list[tuple[Callable[[Caller], Step], int]] = [
            (self.register, 5),
            (self.leave, 1),
            (self.route, 6),
            (self.query, 2),
            (self.single, 1),
            (self.look, 2),
            (self.by_cluster, 1),
            (self.kv, 1),
        ]
        maker = self._random.choices([maker for maker, _ in weights], [share for _, share in weights])[0]
        return maker(self._random.choice(self._calls))


def steps(seed: int, count: int) -> list[Step]:
    """So many requests, drawn with a seed."""
    world = _World(seed)
    return numbered(world.draw() for _ in range(count))
