"""RocketMQ's own name server, from a folder of jars."""

import os
import re
import shutil
from pathlib import Path
from typing import Final

from nsredis.bench.failures import PeerMissing
from nsredis.bench.peers.process import ServerProcess, free_port, program

JARS_VARIABLE: Final = "NSREDIS_JARS"
HOW_TO_GET: Final = "with Maven, from a checkout: python -m tests.interop.jars"

# The heap is fixed, as upstream's script does it; the JVM chooses the rest for the core that it has. The classes of the
# JDK are opened as RocketMQ needs it on Java 17.
FLAGS: Final = (
    "-server",
    "-Xms1g",
    "-Xmx1g",
    "-Djava.net.preferIPv4Stack=true",
    "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED",
    "-Dtls.server.mode=disabled",
)

WITHOUT_LOGS: Final = '<configuration><root level="OFF"/></configuration>\n'


def jars_folder() -> Path:
    """Where the jars of releases lie: a folder for each, named VERSION or VERSION-ANYTHING."""
    return Path(os.environ.get(JARS_VARIABLE) or Path.home() / ".cache" / "nsredis" / "jars")


def find_jars(release: str) -> tuple[str, Path]:
    """The newest version of a release, such as 5 or 5.3, and the folder with its jars. PeerMissing."""
    found: list[tuple[list[int], str, Path]] = []
    for jar in jars_folder().glob(f"{release}.*/rocketmq-namesrv-*.jar"):
        version = re.search(r"-(\d+(?:\.\d+)+)\.jar$", jar.name)
        if version:
            found.append(([int(part) for part in version[1].split(".")], version[1], jar.parent))
    if not found:
        raise PeerMissing(f"there are no jars of RocketMQ {release} in {JARS_VARIABLE} ({HOW_TO_GET})")
    _, newest, folder = max(found)
    return newest, folder


def find_later_jars(release: str, than: str) -> tuple[str, Path]:
    """The same, where that is not a version of the release `than`, which takes part already. PeerMissing."""
    newest, folder = find_jars(release)
    if newest.startswith(f"{than}."):
        raise PeerMissing(f"the newest RocketMQ {release} in {JARS_VARIABLE} is {newest}, which is a {than}")
    return newest, folder


class JavaNameServer(ServerProcess):
    """One name server of RocketMQ, without logs. 4.x listens on all addresses and cannot be kept from it."""

    def __init__(self, version: str, jars: Path, folder: Path, cores: frozenset[int]) -> None:
        self.major = int(version.partition(".")[0])
        java = shutil.which("java") or program("java", "openjdk-17-jre-headless")
        home = folder / f"java-{version}"
        conf = home / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        for name in ("namesrv", "broker", "tools"):
            (conf / f"logback_{name}.xml").write_text(WITHOUT_LOGS)
        port = free_port()
        properties = {"listenPort": port, "bindAddress": "127.0.0.1", "kvConfigPath": home / "kv.json"}
        file = home / "namesrv.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
        command = [java, *FLAGS, f"-Duser.home={home}", f"-Drocketmq.home.dir={home}"]
        command += [f"-Drmq.logback.configurationFile={conf}/logback_namesrv.xml", "-cp", f"{jars}/*"]
        command += ["org.apache.rocketmq.namesrv.NamesrvStartup", "-c", str(file)]
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("ROCKETMQ_", "JAVA_TOOL"))}
        self.about = f"RocketMQ {version} from Maven, {' '.join(FLAGS[:3])}, logging off"
        super().__init__(
            f"Java {version}", command, home, cores, port=port, environ=environ | {"ROCKETMQ_HOME": str(home)}
        )
        self.wait_listening()
