"""The API's document, and a page for those who come with a browser."""

from typing import Final

from aiohttp import web

from nsredis import __version__
from nsredis.http_api.endpoint import Endpoint, Exchange
from nsredis.http_api.openapi import DOCUMENT

PAGE: Final = f"""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>nsredis</title>
<style>
  body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem;
         color: CanvasText; background: Canvas; color-scheme: light dark }}
  a {{ color: LinkText }}
</style>
<h1>nsredis {__version__}</h1>
<p>A name server for RocketMQ and for any fleet of brokers.</p>
<ul>
  <li><a href="v1/brokers">Brokers</a>, <a href="v1/clusters">clusters</a>, <a href="v1/topics">topics</a></li>
  <li><a href="v1/nodes">Name server nodes</a>, <a href="v1/events">recent changes</a>,
      <a href="v1/convergence">how far the nodes are</a></li>
  <li><a href="readyz">Readiness</a>, <a href="metrics">metrics</a></li>
  <li><a href="openapi.json">The API's document (OpenAPI)</a></li>
</ul>
</html>
"""


async def openapi(exchange: Exchange) -> web.Response:
    """The OpenAPI document."""
    return web.Response(body=exchange.request.app[DOCUMENT].body, content_type="application/json")


async def home(exchange: Exchange) -> web.Response:
    """The page."""
    return web.Response(text=PAGE, content_type="text/html")


ENDPOINTS: Final = (
    Endpoint("GET", "/openapi.json", openapi, "This document", {200: "application/json"}),
    Endpoint("GET", "/", home, "A page with links", {200: "text/html"}),
)
