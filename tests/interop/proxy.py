"""RocketMQ 5's proxy, which serves gRPC clients, and remoting clients too."""

import json
from pathlib import Path

from tests.interop.broker import CLUSTER
from tests.interop.java_process import JavaProcess
from tests.interop.ports import free_broker_port
from tests.interop.releases import Release


class Proxy(JavaProcess):
    """A proxy in front of a cluster. It listens on all addresses: it has no setting for that."""

    def __init__(self, release: Release, folder: Path, name_servers: str, cluster: str = CLUSTER) -> None:
        self.grpc_port = free_broker_port()
        self.remoting_port = free_broker_port()
        file = folder / "rmq-proxy.json"
        file.write_text(
            json.dumps(
                {
                    "rocketMQClusterName": cluster,
                    "namesrvAddr": name_servers,
                    "proxyMode": "CLUSTER",
                    "grpcServerPort": self.grpc_port,
                    "remotingListenPort": self.remoting_port,
                    "localServeAddr": "127.0.0.1",
                    # It would ask a 4.x broker, which knows no types of topics.
                    "enableTopicMessageTypeCheck": False,
                    "useEndpointPortFromRequest": True,
                }
            )
        )
        main = "org.apache.rocketmq.proxy.ProxyStartup"
        super().__init__(release, folder, "proxy", [main, "-pc", file], heap_mb=192)

    @property
    def remoting(self) -> str:
        """Where remoting clients take it for a name server."""
        return f"127.0.0.1:{self.remoting_port}"

    def wait_ready(self) -> None:
        """Wait until it serves."""
        self.wait_for("rocketmq-proxy startup successfully")

    def route(self, topic: str) -> list[list[str]]:
        """What it answers to a gRPC client that asks for a route: a `status` line and `queue` lines."""
        command = ["GrpcRoute", "127.0.0.1", str(self.grpc_port), topic]
        client = JavaProcess(self.release, self.folder, f"grpc-{topic}", command)
        client.start()
        try:
            client.wait_for("^done$")
        finally:
            client.kill9()
        lines = (line.split("\t") for line in client.output.splitlines())
        return [words for words in lines if words[0] in ("status", "queue")]
