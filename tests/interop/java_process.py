"""A program of RocketMQ, or one of ours, in a JVM of its own."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.interop.jars import class_path, tool
from tests.interop.releases import Release

START_S: Final = 30.0
RUNNING: Final[list["JavaProcess"]] = []
"""Those that run now: what they said is shown when a test fails."""

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
    """A ROCKETMQ_HOME with nothing but logging set up."""
    conf = folder / "home" / "conf"
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


class JavaProcess:
    """One JVM. What it says, on both outputs, is in `output`. It ends with the test that started it.

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
        self.name = name
        self.release = release
        self.folder = folder
        self._command = [str(part) for part in command]
        self._heap_mb = heap_mb
        self._tls = tls
        self._properties = properties
        self._process: subprocess.Popen[bytes] | None = None
        self._from = 0  # where in the log the present run began

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def output(self) -> str:
        """What it said since it was last started."""
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[self._from :].decode(errors="replace")

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, f"{self.name} is not started"
        return self._process

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, stdin: int = subprocess.DEVNULL, stdout: int | None = None) -> None:
        """Start it; it may not be ready yet."""
        assert not self.running, f"{self.name} runs already"
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
        command = [tool("java"), *FLAGS, *own, "-cp", class_path(self.release), *self._command]
        self._from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**_without_rocketmq(), "ROCKETMQ_HOME": str(home)},
                stdin=stdin,
                stdout=log if stdout is None else stdout,
                stderr=log,
            )
        RUNNING.append(self)

    def wait_until(self, condition: Callable[[], object], within_s: float, what: str) -> None:
        """Wait for a condition; fail with what the process said if it ends or takes too long."""
        deadline = time.monotonic() + within_s
        while not condition():
            ended = not self.running
            if ended and condition():
                return
            if ended or time.monotonic() > deadline:
                why = "it has ended" if ended else f"not within {within_s} s"
                raise AssertionError(f"{self.name}: {what}: {why}\n{self.tail()}")
            time.sleep(0.01)

    def wait_for(self, pattern: str, within_s: float = START_S) -> "re.Match[str]":
        """Wait until it says something that a pattern finds."""
        expression = re.compile(pattern, re.MULTILINE)
        self.wait_until(lambda: expression.search(self.output), within_s, f"says {pattern}")
        found = expression.search(self.output)
        assert found is not None
        return found

    def tail(self, lines: int = 60) -> str:
        """The last that it said."""
        return "\n".join(self.output.splitlines()[-lines:])

    def ended(self, within_s: float = START_S) -> int:
        """Wait until it has ended by itself; its exit code."""
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} goes on after {within_s} s\n{self.tail()}") from None

    def terminate(self) -> None:
        """Ask it to end in good order. Brokers take some seconds for it."""
        self.process.send_signal(signal.SIGTERM)

    def kill9(self) -> None:
        """Kill it without warning; nothing when it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self in RUNNING:
            RUNNING.remove(self)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing is said."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run on."""
        self.process.send_signal(signal.SIGCONT)


def _without_rocketmq() -> dict[str, str]:
    """This environment without what somebody's shell says of RocketMQ or Java."""
    mine = ("ROCKETMQ_", "NAMESRV_ADDR", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS")
    return {name: value for name, value in os.environ.items() if not name.startswith(mine)}
