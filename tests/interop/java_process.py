"""A program of RocketMQ, or one of ours, in a JVM of its own."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.interop.jars import class_path, tool
from tests.interop.logged_process import LoggedProcess
from tests.interop.releases import Release

# The heaps are small, the collector and the compiler those that start fastest. The classes of the JDK are opened as
# RocketMQ needs it on Java 17, 4.x more than 5.x.
FLAGS: Final = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:MaxDirectMemorySize=256m",
    "-Djava.net.preferIPv4Stack=true",
    "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED",
)

# Into the same file as what the program prints: what mqadmin prints must stay free of it.
LOGGING: Final = """<configuration>
  <appender name="file" class="{package}ch.qos.logback.core.FileAppender">
    <file>${{nsredis.log}}</file>
    <encoder><pattern>%d{{HH:mm:ss.SSS,UTC}} %-5level %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="file"/></root>
</configuration>
"""


def rocketmq_home(folder: Path, release: Release) -> Path:
    """A ROCKETMQ_HOME with nothing but logging set up, which each release wants in its own words."""
    conf = folder / f"home-{release}" / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    package = "org.apache.rocketmq.logging." if release.major >= 5 else ""
    # 4.x does not start without files of these names; 5.x is told of one of them.
    for name in ("broker", "namesrv", "tools"):
        (conf / f"logback_{name}.xml").write_text(LOGGING.format(package=package))
    return conf.parent


def write_properties(file: Path, properties: dict[str, object]) -> Path:
    """A configuration file as RocketMQ reads it."""
    lines = (
        f"{name}={str(value).lower() if isinstance(value, bool) else value}\n" for name, value in properties.items()
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(lines))
    return file


def address_server(domain: str) -> list[str]:
    """The property that says who tells addresses of name servers, to programs that were told none."""
    return [f"-Drocketmq.namesrv.domain={domain}"] if domain else []


class JavaProcess(LoggedProcess):
    """One JVM.

    `tls`: whether it serves TLS too. Making the key takes a JVM seconds, so it is off.
    """

    def __init__(
        self,
        release: Release,
        folder: Path,
        name: str,
        command: Sequence[str | Path],
        *,
        heap_mb: int = 96,
        tls: bool = False,
        properties: Sequence[str] = (),
    ) -> None:
        super().__init__(folder, name)
        self.release = release
        self._command = [str(part) for part in command]
        self._heap_mb = heap_mb
        self._tls = tls
        self._properties = properties

    def command(self) -> Sequence[str]:
        """The JVM with its flags, and what it runs."""
        home = rocketmq_home(self.folder, self.release)
        own = [
            f"-Xmx{self._heap_mb}m",
            f"-Duser.home={self.folder}",
            f"-Drocketmq.home.dir={home}",
            f"-Dnsredis.log={self.log}",
            f"-Drmq.logback.configurationFile={home}/conf/logback_broker.xml",
            f"-Dtls.server.mode={'permissive' if self._tls else 'disabled'}",
            *self._properties,
        ]
        return [tool("java"), *FLAGS, *own, "-cp", class_path(self.release), *self._command]

    def environ(self) -> Mapping[str, str]:
        """This environment, without what somebody's shell says of RocketMQ or Java."""
        mine = ("ROCKETMQ_", "NAMESRV_ADDR", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
        return kept | {"ROCKETMQ_HOME": str(rocketmq_home(self.folder, self.release))}
