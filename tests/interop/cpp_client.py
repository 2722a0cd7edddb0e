"""A program: sends or receives messages with RocketMQ's C++ client, and prints what tests/interop/java prints.

Arguments: `send`, name servers, topic, how many; or `receive`, name servers, topic, group.
"""

import sys
import threading
import time

from rocketmq.client import Message, Producer, PushConsumer, RecvMessage
from rocketmq.exceptions import RocketMQException

TRIES = 5
"""For each message: in this library the first send races with the start of the client, and the next ones with the
registration of the topic that the first one made the broker create. Java's client uses the default topic's route."""


_saying = threading.Lock()


def say(*words: str) -> None:
    """A line for the test; messages come on several threads, whose lines must not run into each other."""
    with _saying:
        print("\t".join(words), flush=True)  # noqa: T201 - it is how the test hears of it


def send(name_servers: str, topic: str, count: int) -> None:
    producer = Producer("nsredis-cpp-producer")
    producer.set_namesrv_addr(name_servers)
    producer.start()
    say("started")
    for number in range(count):
        say(*_send_one(producer, topic, str(number)))
    say("done")
    producer.shutdown()


def _send_one(producer: Producer, topic: str, body: str) -> tuple[str, str, str]:
    message = Message(topic)
    message.set_body(body)
    for left in reversed(range(TRIES)):
        try:
            return "sent", body, producer.send_sync(message).msg_id
        except RocketMQException as problem:
            if not left:
                return "failed", body, " ".join(str(problem).split())
            time.sleep(0.5)
    raise AssertionError("there is at least one try")


def receive(name_servers: str, topic: str, group: str) -> None:
    def received(message: RecvMessage) -> None:
        say("received", message.body.decode())

    consumer = PushConsumer(group)
    consumer.set_namesrv_addr(name_servers)
    consumer.subscribe(topic, received)
    consumer.start()
    say("started")
    threading.Event().wait()


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    if verb == "send":
        send(arguments[0], arguments[1], int(arguments[2]))
    else:
        receive(arguments[0], arguments[1], arguments[2])
