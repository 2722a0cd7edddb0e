"""What a front door gets: all verbs."""

from dataclasses import dataclass

from nsredis.service.admin_service import AdminService
from nsredis.service.broker_service import BrokerService
from nsredis.service.convergence_service import ConvergenceService
from nsredis.service.explain_service import ExplainService
from nsredis.service.node_service import NodeService
from nsredis.service.query_service import QueryService
from nsredis.service.suspects import Suspects


@dataclass(frozen=True, slots=True)
class Services:
    """The verbs of one node."""

    brokers: BrokerService
    queries: QueryService
    admin: AdminService
    nodes: NodeService
    suspects: Suspects
    explain: ExplainService
    convergence: ConvergenceService
