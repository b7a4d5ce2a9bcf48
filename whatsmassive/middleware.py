"""Middleware of every page: the language and the time zone of whoever looks at it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from live.viewers import language_of, zone_of


def chosen_language(request: HttpRequest) -> str:
    """The language that this browser chose, else the product's own: without asking the database."""
    return language_of(None, request.COOKIES)


class ViewerMiddleware:
    """The language and the time zone that the person chose, else those of the installation.

    Django's own middleware would follow the browser: a head office whose machines were set up in English would see
    English pages, although its staff and its debtors speak Spanish.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request.user, request.COOKIES)
        with translation.override(language), timezone.override(zone_of(request.user)):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response
