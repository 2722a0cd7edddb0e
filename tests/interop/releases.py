"""The releases of RocketMQ that we run against."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Release:
    """One release: its version, and the file that names its jars."""

    version: str
    pom: Path

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def __str__(self) -> str:
        return self.version


RELEASE_5: Final = Release("5.4.0", HERE / "poms" / "rocketmq-5.xml")
RELEASE_4: Final = Release("4.9.7", HERE / "poms" / "rocketmq-4.xml")
"""4.9.8 has no name server and no broker on Maven Central; 4.9.7 is the last that has."""

MEASURED: Final = Release("5.3.3", HERE / "poms" / "rocketmq-5.3.xml")
"""What `nsredis bench` runs besides those: the name server alone. Of 5.3 only 5.3.3 has it whole on Maven Central:
5.3.0 to 5.3.2 lack it, 5.3.4 lacks modules that it needs.
"""
