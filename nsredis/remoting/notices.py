"""NOTIFY_MIN_BROKER_ID_CHANGE (905): brokers are told when another member of their group has the lowest id.

Sent by every node that follows the change, as every Java name server sends its own: brokers take the latest.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from nsredis.core.brokers import BrokerKey, Group
from nsredis.core.errors import NotReady
from nsredis.service.query_service import QueryService
from nsredis.wire.codes import ONE_WAY_FLAG, OUR_VERSION, RequestCode
from nsredis.wire.commands import Command, encode

log = logging.getLogger(__name__)

SEND_WITHIN_S: Final = 1.0
LOOK_EVERY_S: Final = 5.0
AT_ONCE: Final = 64

Send = Callable[[str, bytes], Awaitable[None]]
"""Sends a frame to an address, best effort; OSError or TimeoutError."""


async def send_frame(address: str, frame: bytes) -> None:
    """Connect, send, close. Nothing is answered."""
    host, _, port = address.rpartition(":")
    async with asyncio.timeout(SEND_WITHIN_S):
        _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        try:
            writer.write(frame)
            await writer.drain()
        finally:
            writer.close()
            await writer.wait_closed()


class MinIdNotices:
    """Watches the groups while the namespace's setting notifyMinBrokerIdChanged is on."""

    def __init__(self, queries: QueryService, send: Send = send_frame) -> None:
        self._queries = queries
        self._send = send
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._known: dict[str, Group] = {}
        self._watching = False

    async def run(self) -> None:
        """Watch for ever."""
        subscription = self._queries.subscribe(["brokers", "settings"])
        try:
            while True:
                changed = await subscription.wait(LOOK_EVERY_S)
                try:
                    notices = self._look(changed)
                except NotReady:
                    continue
                if notices:
                    await asyncio.gather(*[self._tell(address, frame) for address, frame in notices])
        finally:
            subscription.close()

    def _look(self, changed: set[str]) -> list[tuple[str, bytes]]:
        if not self._queries.settings.notify_min_broker_id_changed:
            self._watching = False
            return []
        if not self._watching:  # what happened before is nobody's news
            self._watching = True
            self._known = {group.name: group for group, _ in self._queries.groups()}
            return []
        if "brokers" in changed:  # everything may have changed
            names: Iterable[str] = self._known.keys() | {group.name for group, _ in self._queries.groups()}
        else:
            names = {key.removeprefix("broker:").rpartition("/")[0] for key in changed if key.startswith("broker:")}
        return [notice for name in sorted(names) for notice in self._compare(name)]

    def _compare(self, name: str) -> list[tuple[str, bytes]]:
        before, now = self._known.get(name), self._queries.group(name)
        if now is None:
            self._known.pop(name, None)
            return []
        self._known[name] = now
        if before is None or not before.addresses or not now.addresses:
            return []
        old, new = min(before.addresses), min(now.addresses)
        if old == new:
            return []
        ext = {"minBrokerId": str(new), "minBrokerAddr": now.addresses[new]}
        lead = self._queries.live(BrokerKey(name, new))
        if new < old:  # a lower id joined: the others connect to it
            if lead is not None and lead.ha_address:
                ext["haBrokerAddr"] = lead.ha_address
            told = [address for number, address in now.addresses.items() if number != new] or [now.addresses[new]]
        elif lead is not None and lead.acting_master:  # the lowest left, and another may act for it
            ext["offlineBrokerAddr"] = before.addresses[old]
            told = list(now.addresses.values())
        else:
            return []
        frame = encode(Command(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, 0, ONE_WAY_FLAG, OUR_VERSION, ext=ext))
        log.info(
            "group %s: the lowest id is now %d at %s; telling %d brokers", name, new, ext["minBrokerAddr"], len(told)
        )
        return [(address, frame) for address in told]

    async def _tell(self, address: str, frame: bytes) -> None:
        async with self._slots:
            try:
                await self._send(address, frame)
            except (OSError, TimeoutError, ValueError) as error:
                log.info("broker at %s was not told of its group's lowest id: %s", address, str(error) or "no answer")
