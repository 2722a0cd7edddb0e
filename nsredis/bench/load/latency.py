"""Latencies counted in buckets, each at most a thirty-second part wide."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

EXACT: Final = 64
"""Up to here each nanosecond has a bucket of its own."""

PARTS: Final = 32


def bucket_of(ns: int) -> int:
    """The bucket that counts this latency."""
    shift = max(0, ns.bit_length() - 6)
    return PARTS * shift + (ns >> shift)


def middle_ns(bucket: int) -> float:
    """The latency that stands for those of a bucket: its middle."""
    if bucket < EXACT:
        return float(bucket)
    shift = bucket // PARTS - 1
    return float((bucket - PARTS * shift << shift) + (1 << shift) / 2)


class Latencies:
    """How often there was which latency."""

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: Counter[int] = Counter(counts or {})

    def add(self, ns: int) -> None:
        """Count one."""
        self.counts[bucket_of(ns)] += 1

    def quantile_us(self, part: float) -> float:
        """The microseconds that this part of all do not exceed; 0 when there is none."""
        wanted = part * self.counts.total()
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return middle_ns(bucket) / 1000
        return 0.0
