"""Routes: code 105, the request that name servers live for."""

from typing import Final

from nsredis.remoting.handlers.call import AnswerNow, Call
from nsredis.remoting.handlers.parameters import flag, optional, shown
from nsredis.remoting.handlers.refusals import no_route
from nsredis.wire.codes import VERSION_STANDARD_JSON, RequestCode, ResponseCode
from nsredis.wire.commands import Command


def get_route(call: Call) -> Command:
    """The route of a topic, in the dialect that the client reads, for its zone where it asks for that."""
    request, queries = call.request, call.services.queries
    topic = optional(request, "topic")
    if not topic:
        return call.refused(ResponseCode.TOPIC_NOT_EXIST, no_route(shown(request, "topic")))
    zone = optional(request, "__ZONE_NAME").strip() if flag(request, "__ZONE_MODE") else ""
    if request.version >= VERSION_STANDARD_JSON or flag(request, "acceptStandardJsonOnly"):
        return call.done(body=queries.route(topic, zone).body)
    return call.done(body=queries.legacy_route(topic, zone))


NOW: Final[dict[int, AnswerNow]] = {RequestCode.GET_ROUTEINFO_BY_TOPIC: get_route}
