"""The HTTP API as methods."""

from collections.abc import Mapping

from nsredis.client.errors import ServerUnreachable
from nsredis.client.http_transport import PAGE, HttpTransport, Reply
from nsredis.wire import api_types as api
from nsredis.wire.brake_types import BrakeInfo
from nsredis.wire.convergence_types import ConvergenceAnswer
from nsredis.wire.explain_types import ExplainAnswer
from nsredis.wire.node_types import NodeInfo, NodesAnswer


class ApiClient(HttpTransport):
    """A method for each endpoint. All raise ApiProblem and ServerUnreachable, as HttpTransport says."""

    # Brokers ----------------------------------------------------------------------------------------------------------

    async def register(
        self, cluster: str, name: str, broker_id: int, body: api.RegisterBody
    ) -> Reply[api.RegisteredAnswer]:
        """Register a broker, or refresh its registration."""
        answer = await self.request("PUT", "brokers", cluster, name, broker_id, body=body)
        return self.read(api.RegisteredAnswer, answer)

    async def patch_topics(
        self, cluster: str, name: str, broker_id: int, body: api.PatchTopicsBody
    ) -> Reply[api.RevisionAnswer]:
        """Set and take away some topics; 404 when the broker is not registered."""
        answer = await self.request("PATCH", "brokers", cluster, name, broker_id, "topics", body=body)
        return self.read(api.RevisionAnswer, answer)

    async def heartbeat(self, cluster: str, name: str, broker_id: int, epoch: int | None = None) -> None:
        """Renew a lease; 404 when the broker must register again, 409 when the epoch is not the present one."""
        body = api.HeartbeatBody(epoch=epoch)
        await self.request("POST", "brokers", cluster, name, broker_id, "heartbeat", body=body)

    async def heartbeats(self, items: list[api.HeartbeatItem]) -> list[api.HeartbeatOutcome]:
        """Renew many leases at once; the outcomes in order."""
        answer = await self.request("POST", "heartbeats", body=api.HeartbeatsBody(items))
        outcomes = self.read(api.HeartbeatsAnswer, answer).value.items
        if len(outcomes) != len(items):
            raise ServerUnreachable(self.server, f"{len(outcomes)} outcomes came for {len(items)} heartbeats")
        return outcomes

    async def unregister(self, cluster: str, name: str, broker_id: int, epoch: int | None = None) -> None:
        """Take a broker away; 409 when `epoch` is given and is not the present one."""
        await self.request("DELETE", "brokers", cluster, name, broker_id, query={"epoch": epoch})

    async def brokers(self, cluster: str = "", name: str = "", *, live: bool = False) -> Reply[list[api.BrokerInfo]]:
        """Brokers, online and offline; `live` asks Redis for their leases."""
        path = [part for part in (cluster, name) if part]
        return await self.get_list(api.BrokerInfo, "brokers", *path, query={"live": 1 if live else None})

    async def broker(
        self, cluster: str, name: str, broker_id: int, *, live: bool = False, strong: bool = False
    ) -> Reply[api.BrokerInfo]:
        """One broker; `strong` for an answer that has all that was acknowledged until now."""
        query = {"live": 1 if live else None, "consistency": "strong" if strong else None}
        return await self.get(api.BrokerInfo, "brokers", cluster, name, broker_id, query=query)

    async def put_override(self, cluster: str, name: str, body: api.OverrideBody) -> bytes:
        """Leave a group only the permission bits of `body`; the answer's body."""
        return await self.request("PUT", "brokers", cluster, name, "override", body=body)

    async def lift_override(self, cluster: str, name: str) -> None:
        """Give a group its own permissions back."""
        await self.request("DELETE", "brokers", cluster, name, "override")

    # Reading ----------------------------------------------------------------------------------------------------------

    async def route(self, topic: str, *, zone: str = "") -> Reply[api.RouteAnswer]:
        """The route of a topic; a 404 says in `reason` why there is none."""
        return await self.get(api.RouteAnswer, "routes", topic, query={"zone": zone or None})

    async def topics(self, *, cluster: str = "", prefix: str = "") -> Reply[list[str]]:
        """Names of topics."""
        return await self.get_list(str, "topics", query={"cluster": cluster or None, "prefix": prefix or None})

    async def clusters(self) -> Reply[list[api.ClusterInfo]]:
        """Clusters with their groups."""
        return await self.get_list(api.ClusterInfo, "clusters")

    async def nodes(self) -> Reply[list[NodeInfo]]:
        """Living name server nodes."""
        return await self.get_list(NodeInfo, "nodes")

    async def live_and_lost_nodes(self) -> Reply[NodesAnswer]:
        """Living name server nodes, and those that fell silent within the last hour without saying that they go."""
        return await self.get(NodesAnswer, "nodes", query={"limit": PAGE})

    async def explain(self, topic: str, *, zone: str = "") -> Reply[ExplainAnswer]:
        """Why a topic has its route, or none."""
        return await self.get(ExplainAnswer, "explain", topic, query={"zone": zone or None})

    async def convergence(self, revision: int | None = None, *, wait_s: int = 0) -> Reply[ConvergenceAnswer]:
        """Which nodes have applied a revision, by default the newest; the client's time-out must allow for the wait."""
        return await self.get(ConvergenceAnswer, "convergence", query={"revision": revision, "wait": wait_s or None})

    # The expiry brake -------------------------------------------------------------------------------------------------

    async def brakes(self) -> Reply[list[BrakeInfo]]:
        """The clusters in which the brake is engaged or still holds somebody."""
        return await self.get_list(BrakeInfo, "brake")

    async def release_brake(self, cluster: str) -> Reply[api.RevisionAnswer]:
        """Let go who is held in a cluster."""
        answer = await self.request("POST", "brake", cluster, "release")
        return self.read(api.RevisionAnswer, answer)

    # Key-value configuration ------------------------------------------------------------------------------------------

    async def kv(self, namespace: str, key: str) -> Reply[api.KvInfo]:
        """One key."""
        return await self.get(api.KvInfo, "kv", namespace, key)

    async def kv_namespaces(self) -> Reply[list[str]]:
        """The namespaces that have a key."""
        return await self.get_list(str, "kv")

    async def kv_list(self, namespace: str, *, strong: bool = False) -> Reply[list[api.KvInfo]]:
        """The keys of a namespace; `strong` for an answer that has all that was acknowledged until now."""
        return await self.get_list(api.KvInfo, "kv", namespace, query={"consistency": "strong" if strong else None})

    async def put_kv(self, namespace: str, key: str, value: str) -> Reply[api.KvInfo]:
        """Set a key."""
        answer = await self.request("PUT", "kv", namespace, key, body=api.KvBody(value))
        return self.read(api.KvInfo, answer)

    async def delete_kv(self, namespace: str, key: str) -> None:
        """Take a key away."""
        await self.request("DELETE", "kv", namespace, key)

    # Settings of the namespace ----------------------------------------------------------------------------------------

    async def settings(self) -> Reply[dict[str, bool | int | str]]:
        """All settings by their names; a later release may have others than this one."""
        return await self.get(dict[str, bool | int | str], "settings")

    async def patch_settings(self, values: Mapping[str, bool | int | str | None]) -> Reply[api.RevisionAnswer]:
        """Change some settings; None takes one back to its default."""
        answer = await self.request("PATCH", "settings", body=dict(values))
        return self.read(api.RevisionAnswer, answer)
