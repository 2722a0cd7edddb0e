"""Ten thousand clients that connect in the same moment and then ask, again and again, in one lean process."""

import errno
import heapq
import itertools
import random
import select
import socket
import sys
import time
from collections import Counter, deque
from typing import Final

from nsredis.bench.brokers import route_query
from nsredis.wire import commands
from nsredis.wire.codes import ResponseCode
from tests.faults.expected import Expected, Verdict
from tests.faults.herd import Plan, percentiles, say

EVERY_S: Final = 2.0
"""How often a client asks; RocketMQ's ask every 30 s. The first look-up is asked as soon as it is connected, the others
at times of its own: what starts clients is not what starts name servers."""

TIMEOUT_S: Final = 3.0
"""As RocketMQ's clients: who gets no answer hangs up, and comes again."""

ADDRESSES: Final = 40
"""From so many addresses, as from so many machines."""

AT_ONCE: Final = 50


class Client:
    """One connection. `due`: when its look-up was to be sent; 0 while it waits for the next."""

    __slots__ = ("connected", "due", "file", "left", "number", "sock", "topic")
    sock: socket.socket
    file: int

    def __init__(self, number: int) -> None:
        self.number = number
        self.left = b""
        self.due = 0.0
        self.topic = ""
        self.connected = False


class Swarm:
    """All of them."""

    def __init__(self, plan: Plan) -> None:
        self._port = plan.port
        self._expected = Expected(plan.routes)
        self._questions = itertools.cycle([(topic, route_query(topic)) for topic in self._expected.topics])
        self._clients = [Client(number) for number in range(plan.clients)]
        self._by_file: dict[int, Client] = {}
        self._poll = select.epoll()
        self._asked: deque[tuple[float, Client]] = deque()  # in the order of time: by then, answered or given up
        self._next: list[tuple[float, int]] = []  # a heap: when which client asks again
        self.verdicts: Counter[Verdict] = Counter()
        self.words: Counter[str] = Counter()
        self.connects: list[float] = []
        self.answers: list[float] = []
        """How long each look-up took that was answered rightly, from when it was due, or from the connection."""
        self.first_right: dict[int, float] = {}
        """When each client had its first answer, after all had begun to connect."""
        self.began = 0.0
        self.longest_turn_s = 0.0

    def run(self, stop: "select.poll") -> None:
        """Until something comes on the standard input."""
        self.began = time.monotonic()
        self._next = [(self.began + random.random() * EVERY_S, client.number) for client in self._clients]
        heapq.heapify(self._next)
        coming = deque(self._clients)
        stopped, looked = False, self.began
        while not stopped or any(client.due for client in self._clients):
            turn = time.monotonic()
            for _ in range(min(AT_ONCE, len(coming))):
                self._connect(coming.popleft())
            if not stopped:
                self._ask_due(turn)
            self._give_up(turn - TIMEOUT_S)
            for file, _ in self._poll.poll(0 if coming else 0.01, 512):
                client = self._by_file[file]
                (self._read if client.connected else self._connected)(client)
            if not stopped and turn > looked + 0.1:
                looked, stopped = turn, bool(stop.poll(0))
            self.longest_turn_s = max(self.longest_turn_s, time.monotonic() - turn)

    def _ask_due(self, now: float) -> None:
        while self._next[0][0] <= now:
            due, number = self._next[0]
            heapq.heapreplace(self._next, (due + EVERY_S, number))
            client = self._clients[number]
            if client.connected and not client.due:
                self._ask(client, due)

    def _give_up(self, before: float) -> None:
        while self._asked and self._asked[0][0] <= before:
            due, client = self._asked.popleft()
            if client.due == due:
                self._broken(client, "no answer in time")

    def _connect(self, client: Client) -> None:
        client.sock = socket.socket()
        client.sock.setblocking(False)
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sock.bind((f"127.0.1.{1 + client.number % ADDRESSES}", 0))
        client.connected, client.left = False, b""
        client.file = client.sock.fileno()
        self._by_file[client.file] = client
        result = client.sock.connect_ex(("127.0.0.1", self._port))
        assert result in (0, errno.EINPROGRESS), errno.errorcode[result]
        self._poll.register(client.file, select.EPOLLOUT)

    def _connected(self, client: Client) -> None:
        problem = client.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            self._broken(client, errno.errorcode[problem])
            return
        client.connected = True
        self.connects.append(time.monotonic() - self.began)
        self._poll.modify(client.file, select.EPOLLIN)
        self._ask(client, time.monotonic())

    def _ask(self, client: Client, due: float) -> None:
        client.topic, question = next(self._questions)
        client.due = due
        self._asked.append((due, client))
        client.sock.send(question)

    def _read(self, client: Client) -> None:
        try:
            data = client.sock.recv(65536)
        except OSError as error:
            self._broken(client, repr(error))
            return
        if not data:
            self._broken(client, "the connection was closed")
            return
        client.left += data
        if len(client.left) >= 4 and len(client.left) >= 4 + int.from_bytes(client.left[:4]):
            self._judge(client, commands.decode(client.left[4:]))
            client.left = b""

    def _judge(self, client: Client, answer: commands.Command) -> None:
        now = time.monotonic()
        if answer.code == ResponseCode.SUCCESS:
            right = self._expected.whole(client.topic, answer.body or b"")
            verdict = Verdict.RIGHT if right else Verdict.WRONG
        else:
            verdict = Verdict.WRONG if answer.code == ResponseCode.TOPIC_NOT_EXIST else Verdict.REFUSED
        if verdict is Verdict.RIGHT:
            self.answers.append(now - client.due)
            self.first_right.setdefault(client.number, now - self.began)
        else:
            self.words[f"code {answer.code}: {answer.remark}"] += 1
        self.verdicts[verdict] += 1
        client.due = 0.0

    def _broken(self, client: Client, words: str) -> None:
        self.verdicts[Verdict.FAILED] += 1
        self.words[words] += 1
        del self._by_file[client.file]
        client.sock.close()
        client.due = 0.0
        self._connect(client)


def main(plan: Plan) -> None:
    swarm = Swarm(plan)
    told = select.poll()
    told.register(sys.stdin, select.POLLIN)
    say("ready")
    sys.stdin.readline()
    worked = time.process_time()
    swarm.run(told)
    worked = time.process_time() - worked
    say(
        {
            "verdicts": {str(verdict): count for verdict, count in swarm.verdicts.items()},
            "words": swarm.words.most_common(5),
            "connected": percentiles(swarm.connects),
            "first_right": percentiles(list(swarm.first_right.values())),
            "took": percentiles(swarm.answers),
            "longest_turn_s": swarm.longest_turn_s,
            "worked_s": worked,
        }
    )


if __name__ == "__main__":
    main(Plan.read(sys.argv[1]))
