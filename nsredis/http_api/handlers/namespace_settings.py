"""Settings of the namespace."""

from typing import Final

from aiohttp import web
from msgspec import UNSET

from nsredis.core.namespace_settings import SETTINGS, setting_text
from nsredis.http_api import conditional, shapes
from nsredis.http_api.endpoint import Endpoint, Exchange, ReadQuery
from nsredis.http_api.replicas import replicas
from nsredis.view.answers import Answer
from nsredis.wire.api_types import RevisionAnswer
from nsredis.wire.settings_types import SettingsAnswer, SettingsBody

PATH: Final = "/v1/settings"


async def get(exchange: Exchange) -> web.Response:
    """All settings as they are."""
    queries = exchange.services.queries
    return await conditional.answer(exchange, lambda: Answer.of(queries.settings.values()), ["settings"])


async def patch(exchange: Exchange) -> web.Response:
    """Change some settings."""
    given = {name: getattr(exchange.body, setting.field) for name, setting in SETTINGS.items()}
    texts = {name: setting_text(value) for name, value in given.items() if value is not UNSET}
    written = await exchange.services.admin.put_settings(texts, by=exchange.by)
    answer = shapes.encode(RevisionAnswer(written.revision))
    return web.Response(body=answer.body, content_type="application/json", headers=replicas(written))


ENDPOINTS: Final = (
    Endpoint("GET", PATH, get, "Read the settings", {200: SettingsAnswer}, query=ReadQuery, conditional=True),
    Endpoint("PATCH", PATH, patch, "Change some settings", {200: RevisionAnswer}, body=SettingsBody),
)
