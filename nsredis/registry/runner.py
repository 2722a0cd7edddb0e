"""Calls scripts on the store and turns its refusals into our errors."""

import secrets
from collections.abc import Awaitable, Sequence
from typing import Any, Final, TypeVar

from redis.exceptions import AuthenticationError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from nsredis.core.errors import (
    AddressFrozen,
    BrokerNotFound,
    NameOwned,
    NotReady,
    NotTableOwner,
    NsredisError,
    OutcomeUnknown,
    PreconditionFailed,
    StaleEpoch,
    StaleState,
    StoreUnavailable,
)
from nsredis.core.observer import Observer
from nsredis.registry.keyspace import Keyspace
from nsredis.registry.link import StoreLink
from nsredis.registry.primary import NoPrimary, TlsFailed
from nsredis.registry.scripts import load_scripts

T = TypeVar("T")

WAIT_MS: Final = 1000
"""How long replicas may take to have a write that must be replicated. Less than what a command may take."""


def new_tag() -> str:
    """A random mark for one change, so that two histories with equal numbers differ."""
    return secrets.token_hex(6)


def refusal(error: ResponseError) -> NsredisError:
    """What a script's error reply means; codes as in the scripts' headers."""
    code, _, words = str(error).partition(" ")
    match code:
        case "GONE":
            return BrokerNotFound(f"not registered here: {words}")
        case "STALE_EPOCH":
            return StaleEpoch(f"the broker's present epoch is {words}")
        case "STALE_STATE":
            return StaleState(f"the live holder at {words} has a higher stateVersion")
        case "ADDRESS_FROZEN":
            return AddressFrozen(f"addresses keep taking this id from each other; {words} holds it for now")
        case "NAME_OWNED":
            return NameOwned(f"the brokerName belongs to live brokers of cluster {words}")
        case "NOT_OWNER":
            return NotTableOwner("only the master, or the lowest id while there is none, writes the group's topics")
        case "PRECONDITION":
            return PreconditionFailed(f"the present revision is {words}")
        case "NO_SCHEMA":
            return NotReady("the namespace is not open yet in the store")
        case _:
            return StoreUnavailable(f"the store refused: {error}")


def lost_contact(error: RedisError, *, idempotent: bool) -> NsredisError:
    """The store did not answer: nothing happened for sure, or (a write that may not be repeated) nobody knows."""
    if isinstance(error, NoPrimary | AuthenticationError):
        return StoreUnavailable(f"there is no way into the store: {error}")
    if isinstance(error, TlsFailed):
        return StoreUnavailable(f"the store does not answer: TLS: {error}")
    never_sent = any(words in str(error).lower() for words in ("connecting to", "no connection available"))
    if idempotent or never_sent:
        return StoreUnavailable("the store does not answer")
    return OutcomeUnknown("the store did not answer in time: the change may or may not have happened")


class ScriptRunner:
    """One namespace's scripts on one store. Safe to use concurrently."""

    def __init__(self, link: StoreLink, keyspace: Keyspace, observer: Observer) -> None:
        self.link = link
        self.keyspace = keyspace
        self.observer = observer
        self._scripts = load_scripts()
        self._fixed = keyspace.fixed

    def command(self, name: str, /, **values: object) -> list[str | bytes | int]:
        """The EVALSHA command for a script; keys that depend on the namespace alone are filled in."""
        script = self._scripts[name]
        for key in script.keys:
            if key not in values:
                values[key] = self._fixed[key]
        if "prefix" in script.arguments:
            values["prefix"] = self.keyspace.prefix
        return ["EVALSHA", script.sha, len(script.keys), *script.slots(values)]

    async def call(self, name: str, /, *, idempotent: bool = True, **values: object) -> Any:
        """Run a script; an NsredisError when it refuses or the store does not answer."""
        command = self.command(name, **values)
        return await self.translate(self._execute(command), idempotent=idempotent)

    async def _execute(self, command: list[str | bytes | int]) -> Any:
        try:
            return await self.link.execute(*command)
        except NoScriptError:
            await self.load()
            return await self.link.execute(*command)

    async def load(self) -> None:
        """Make the store know every script; needed once per server and after SCRIPT FLUSH."""
        replies = await self.link.pipeline([["SCRIPT", "LOAD", script.text] for script in self._scripts.values()])
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply

    async def pipeline(self, commands: Sequence[list[str | bytes | int]]) -> list[Any]:
        """Run commands in one go; an item that failed is its exception. Loads the scripts when they are missing."""
        replies = await self.translate(self.link.pipeline(commands))
        again = [i for i, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if again:
            await self.translate(self.load())
            repeated = await self.translate(self.link.pipeline([commands[i] for i in again]))
            for i, reply in zip(again, repeated, strict=True):
                replies[i] = reply
        return replies

    async def call_replicated(self, name: str, replicas: int, /, **values: object) -> tuple[Any, int]:
        """Run a script that may not be repeated and wait, not for long, until `replicas` have what it wrote; its reply,
        and how many have it."""
        commands = [self.command(name, **values), *self._wait(replicas)]
        reply, _, count = await self.translate(self.link.pipeline(commands), idempotent=False)
        if isinstance(reply, NoScriptError):
            await self.translate(self.load())
            reply, _, count = await self.translate(self.link.pipeline(commands), idempotent=False)
        if isinstance(reply, ResponseError):
            raise refusal(reply) from reply
        return reply, _count(count)

    async def replicated(self, replicas: int) -> int:
        """Wait, not for long, until `replicas` have all that was written so far; how many have it."""
        _, count = await self.translate(self.link.pipeline(self._wait(replicas)))
        return _count(count)

    def _wait(self, replicas: int) -> list[list[str | bytes | int]]:
        """The script may have written nothing, and then Valkey would wait for nothing and say that all have it."""
        return [["SET", self.keyspace.row("waited"), "1"], ["WAIT", replicas, WAIT_MS]]

    async def translate(self, work: Awaitable[T], *, idempotent: bool = True) -> T:
        """The result of `work`, with errors of the client library as ours."""
        try:
            return await work
        except (RedisConnectionError, RedisTimeoutError) as error:
            self.observer.store_failed("command")
            raise lost_contact(error, idempotent=idempotent) from error
        except ResponseError as error:
            raise refusal(error) from error


def _count(reply: Any) -> int:
    return reply if isinstance(reply, int) else 0
