"""(b) The same routes over HTTP, whole and as 304, beside servers that everybody knows; at fixed rates too."""

import base64
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import orjson

from nsredis.bench.brokers import Broker, Registered, spread, topics_of
from nsredis.bench.failures import LoadFailed
from nsredis.bench.load.http import request
from nsredis.bench.load.plan import Order, Plan, Protocol, Request
from nsredis.bench.peers.etcd import Etcd, gateway_body
from nsredis.bench.peers.name_servers import start_peer, tell_ours
from nsredis.bench.peers.nginx import Nginx
from nsredis.bench.peers.ours import OurNode, our_nodes
from nsredis.bench.peers.plain_aiohttp import PlainAiohttp
from nsredis.bench.peers.redis_get import RedisGet
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.scenarios.routes import FIXED_RATES
from nsredis.bench.session import Session
from nsredis.bench.talk import Talk

NAME: Final = "http"


def measure(session: Session) -> list[Measurement]:
    """All cases."""
    found: list[Measurement] = []
    for width, topics, connections in ((2, 1000, (50, *session.more((1, 500)))), (100, 100, (50,))):
        brokers = spread(width, topics, word=f"of{width}")
        with ExitStack() as stack:
            (node,) = stack.enter_context(our_nodes(session.folder / f"of{width}", session.cores))
            tell_ours(session, node)
            session.keep(Registered.at(node.port, brokers))
            stack.callback(session.let_go)
            paths = [f"/v1/routes/{topic}" for topic in topics_of(brokers)]
            answers = _checked(node, paths, brokers)
            others = _others(session, stack, answers) if width == 2 else _files(session, stack, answers)
            whole = [Subject(node, get_plan(node.http_port, paths), node.http_port), *others]
            not_modified = [Subject(node, get_plan(node.http_port, paths, fresh=False), node.http_port)]
            not_modified += [
                Subject(other.server, get_plan(other.server.port, _names(answers), fresh=False), name=other.name)
                for other in others
                if other.tags
            ]
            for count in connections:
                where = f"{width} brokers, {count} connections"
                found += take_turns(session, NAME, f"200, {where}", whole, Shape(count))
                found += take_turns(session, NAME, f"304, {where}", not_modified, Shape(count))
            for rate in FIXED_RATES if width == 2 else ():
                case = f"200, {width} brokers, 50 connections, {rate:,} a second"
                found += take_turns(session, NAME, case, whole, Shape(50, rate=rate))
    return found


def _checked(node: OurNode, paths: list[str], brokers: list[Broker]) -> dict[str, bytes]:
    """Each topic's answer, checked to name all of its brokers."""
    answers: dict[str, bytes] = {}
    names = {broker.name for broker in brokers}
    for path, (body, _) in _fetch(node.http_port, paths).items():
        if {row["brokerName"] for row in orjson.loads(body)["queueDatas"]} != names:
            raise LoadFailed(f"{path} is not as it was registered: {body[:300]!r}")
        answers[path.rpartition("/")[2]] = body
    return answers


def _fetch(port: int, paths: list[str]) -> dict[str, tuple[bytes, str]]:
    """The body and the ETag of each answer. LoadFailed when one is not good."""
    with Talk(port) as talk:
        return {path: (talk.call("GET", path), talk.tag) for path in paths}


def _names(answers: dict[str, bytes]) -> list[str]:
    return [f"/{topic}" for topic in answers]


def get_plan(port: int, paths: list[str], *, fresh: bool = True) -> Plan:
    """GETs of these paths, at random; without `fresh` those of one who has the answers already, which are 304."""
    requests: list[Request] = []
    host = f"127.0.0.1:{port}"
    for path, (body, tag) in _fetch(port, paths).items():
        if fresh:
            requests.append(Request(request("GET", host, path), body, 200))
        else:
            requests.append(Request(request("GET", host, path, headers={"If-None-Match": tag}), b"", 304))
    return Plan(Protocol.HTTP, [requests], Order.RANDOM)


def _written(folder: Path, answers: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for topic, body in answers.items():
        (folder / topic).write_bytes(body)
    return folder


def _files(session: Session, stack: ExitStack, answers: dict[str, bytes]) -> list[Subject]:
    """aiohttp and nginx with the same answers as ours."""
    some = next(iter(answers.values()))
    session.folder.chmod(0o755)  # nginx reads the files as nobody where it is started by root
    files = _written(session.folder / f"files-{len(some)}", answers)
    core = session.cores.server
    subjects: list[Subject] = []
    if aiohttp := start_peer(session, stack, "aiohttp", lambda: PlainAiohttp(session.folder, core, files)):
        subjects.append(Subject(aiohttp, get_plan(aiohttp.port, _names(answers)), tags=True))
    nginx = start_peer(session, stack, "nginx", lambda: Nginx(session.folder, core, files, some))
    if isinstance(nginx, Nginx):
        if nginx.in_memory:
            subjects.append(Subject(nginx, get_plan(nginx.port, ["/memory"]), name="nginx memory"))
        subjects.append(Subject(nginx, get_plan(nginx.port, _names(answers)), name="nginx file", tags=True))
    return subjects


def _others(session: Session, stack: ExitStack, answers: dict[str, bytes]) -> list[Subject]:
    """Those, and stores with the same values."""
    subjects = _files(session, stack, answers)
    core = session.cores.server
    etcd = start_peer(session, stack, "etcd", lambda: Etcd(session.folder, core))
    if isinstance(etcd, Etcd):
        subjects.append(Subject(etcd, _etcd_plan(etcd, answers)))
    redis = start_peer(session, stack, "redis", lambda: RedisGet(session.folder, core))
    if isinstance(redis, RedisGet):
        subjects.append(Subject(redis, redis.plan(answers)))
    return subjects


def _etcd_plan(etcd: Etcd, answers: dict[str, bytes]) -> Plan:
    for topic, body in answers.items():
        etcd.call("/v3/kv/put", key=topic, value=body.decode())
    requests = []
    for topic, body in answers.items():
        said = etcd.call("/v3/kv/range", key=topic)
        if base64.b64decode(orjson.loads(said)["kvs"][0]["value"]) != body:
            raise LoadFailed(f"etcd has another value for {topic}")
        content = request("POST", f"127.0.0.1:{etcd.port}", "/v3/kv/range", gateway_body(key=topic))
        requests.append(Request(content, said, 200))
    return Plan(Protocol.HTTP, [requests], Order.RANDOM)
