"""Answers that a node keeps by the hundred thousand."""

import subprocess
import sys

MEASURED = """
from pathlib import Path
from nsredis.view.answers import Answer

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

content = {"queueDatas": [{"brokerName": f"broker-{number}"} for number in range(10)]}
size = len(Answer.of(content).body)
before, kept = resident(), [Answer.of(content) for _ in range(20_000)]
print((resident() - before) / len(kept) / size)
"""


def test_an_answer_takes_little_more_room_than_its_bytes() -> None:
    told = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, check=True, text=True, timeout=30)
    assert float(told.stdout) < 2
