"""Key-value configuration: codes 100, 101, 102 and 219."""

from typing import Final

from nsredis.core.errors import NotFound
from nsredis.remoting.handlers.call import AnswerLater, AnswerNow, Call
from nsredis.remoting.handlers.parameters import optional, shown
from nsredis.wire import bodies
from nsredis.wire.codes import RequestCode, ResponseCode
from nsredis.wire.commands import Command


async def put(call: Call) -> Command:
    """Set a key. Without a value it is deleted: RocketMQ stores a null, which reads as no value."""
    request = call.request
    namespace, key = optional(request, "namespace"), optional(request, "key")
    if not namespace or not key:
        return call.refused(ResponseCode.SYSTEM_ERROR, "namespace or key is null")
    if request.ext is None or "value" not in request.ext:
        return await delete(call)
    await call.services.admin.put_kv(namespace, key, request.ext["value"], expected=None, by=call.by)
    return call.done()


def get(call: Call) -> Command:
    """The value of a key."""
    request = call.request
    try:
        entry = call.services.queries.kv(optional(request, "namespace"), optional(request, "key"))
    except NotFound:
        remark = f"No config item, Namespace: {shown(request, 'namespace')} Key: {shown(request, 'key')}"
        return call.refused(ResponseCode.QUERY_NOT_FOUND, remark, ext={})
    return call.done(ext={"value": entry.value})


async def delete(call: Call) -> Command:
    """Delete a key; also a success when there is none."""
    namespace, key = optional(call.request, "namespace"), optional(call.request, "key")
    await call.services.admin.delete_kv(namespace, key, expected=None, by=call.by)
    return call.done()


def get_namespace(call: Call) -> Command:
    """All keys of a namespace."""
    request = call.request
    try:
        entries = call.services.queries.kv_namespace(optional(request, "namespace"))
    except NotFound:
        remark = f"No config item, Namespace: {shown(request, 'namespace')}"
        return call.refused(ResponseCode.QUERY_NOT_FOUND, remark)
    return call.done(body=bodies.kv_table({entry.key: entry.value for entry in entries}))


NOW: Final[dict[int, AnswerNow]] = {
    RequestCode.GET_KV_CONFIG: get,
    RequestCode.GET_KVLIST_BY_NAMESPACE: get_namespace,
}
LATER: Final[dict[int, AnswerLater]] = {
    RequestCode.PUT_KV_CONFIG: put,
    RequestCode.DELETE_KV_CONFIG: delete,
}
