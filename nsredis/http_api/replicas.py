"""How many replicas of the store have what was written: the header that says so."""

from typing import Final

from nsredis.registry.admin_store import Written

HEADER: Final = "Nsredis-Replicas"


def replicas(written: Written) -> dict[str, str]:
    """The header; none where nobody waited for replicas."""
    return {} if written.replicas is None else {HEADER: str(written.replicas)}
