"""Signatures of requests, as the ACL hooks of RocketMQ's clients and brokers make them (AclUtils)."""

import base64
import hmac
from collections.abc import Collection, Mapping
from typing import Final

SIGNATURE: Final = "Signature"
ACCESS_KEY: Final = "AccessKey"
SECURITY_TOKEN: Final = "SecurityToken"  # noqa: S105  # the name of a parameter


def canonical(ext: Mapping[str, str] | None, body: bytes | None, *, leave_out: Collection[str] = ()) -> bytes:
    """What is signed: the parameters' values in the order of their names, then the body; never the signature itself.

    `leave_out` names what was added after signing: Java clients add `__ZONE_NAME` and `__ZONE_MODE` then.
    """
    signed = sorted((name for name in ext or {} if name != SIGNATURE and name not in leave_out), key=_java_order)
    return "".join((ext or {})[name] for name in signed).encode() + (body or b"")


def _java_order(name: str) -> bytes:
    """Java compares texts by their UTF-16 units."""
    return name.encode("utf-16-be")


def sign(secret: str, content: bytes) -> str:
    """Base64 of the HMAC-SHA1. Compare with `hmac.compare_digest`. There is no time in it: requests can be replayed."""
    return base64.b64encode(hmac.digest(secret.encode(), content, "sha1")).decode()
