"""The scenarios, a module each: `measure` gives what was measured."""

from typing import Final

SCENARIOS: Final = {
    "routes": "route queries over remoting: topics on 2 and on 100 brokers, 1 to 500 connections, 1 or 16 at a time",
    "http": "HTTP GET of the same routes, whole and as 304",
    "heartbeats": "heartbeats, one at a time and many in a request",
    "registrations": "registrations of 100, 1,000 and 10,000 topics: unchanged, one topic changed, new",
    "visibility": "from a change on one node to a watcher of another",
    "rocketmq": "RocketMQ's own benchmark load: 32 brokers of 10,000 topics register again and again, clients query",
    "mixed": "95 % queries and 5 % registrations, as published for the Rust server",
    "size": "20,000 and 100,000 topics: memory, start to ready, reload, stalls",
    "watchers": "a change that 1,000 watchers hear of",
    "cluster": "the cluster's information, polled by 300 brokers",
    "workers": "one and two workers on one pair of ports, which share two cores with their load",
    "capacity": "what brokers and topics cost, how many of them one namespace carries, how many heartbeats one store",
}
"""Name → what is measured, in the order in which they run; the module has the same name."""
