"""The WebSocket's URL."""

from django.urls import path

from live.consumers import LiveConsumer

PATH = "live/"
websocket_urlpatterns = [path(PATH, LiveConsumer.as_asgi())]
