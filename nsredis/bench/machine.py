"""What a measurement was taken on."""

import os
import platform
import re
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path


def machine_facts() -> dict[str, str]:
    """The machine and the program, in words. Reads files, so it is not for a running event loop."""
    return {
        "processor": _processor(),
        "cores": str(_cores()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "python build": _build(),
    }


def _build() -> str:
    """How Python was compiled, which makes a fifth of its speed. Debian's does not tell that it was optimized."""
    if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""):
        return "optimized by profile"
    return "the distribution's" if sys.base_prefix == "/usr" else "not optimized by profile"


def _processor() -> str:
    with suppress(OSError):
        found = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return found.group(1).strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> str:
    with suppress(OSError, ValueError):
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    return "unknown"
