"""The ASGI entry point of the web process: gateways' calls and probes to their own applications, the rest to Django."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whatsmassive.settings")
os.environ.setdefault("MONGODB_PATIENCE", "2")  # somebody sits in front of it
pages = get_asgi_application()

from gateways.registry import HOOKS  # noqa: E402  # these need the loaded settings
from gateways.webhooks import Webhooks  # noqa: E402
from live.routing import websocket_urlpatterns  # noqa: E402
from whatsmassive.checks import enforce  # noqa: E402
from whatsmassive.health import PREFIX as PROBES  # noqa: E402
from whatsmassive.health import Health  # noqa: E402

enforce()
webhooks = Webhooks()
health = Health()


async def http(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[Mapping[str, Any]], Awaitable[None]],
) -> None:
    """One request, by its path."""
    if scope["path"].startswith(PROBES):
        await health(scope, receive, send)
    else:
        await (webhooks if scope["path"].startswith(HOOKS) else pages)(scope, receive, send)


sockets = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
application = ProtocolTypeRouter({"http": http, "websocket": sockets})
