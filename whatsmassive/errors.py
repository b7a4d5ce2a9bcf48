"""What a page answers when it fails: a database that is away is told apart from a fault of ours."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from lib.mongo import is_unavailable
from whatsmassive.middleware import chosen_language

RETRY_AFTER = "5"  # seconds, for programs; the page looks by itself


@sensitive_variables()
def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to an exception that nobody caught (Django's handler500)."""
    error = sys.exc_info()[1]
    away = error is not None and is_unavailable(error)
    # The viewer's own, where the database still told it.
    language = getattr(request, "LANGUAGE_CODE", "") or chosen_language(request)
    with translation.override(language):
        return _away(request) if away else HttpResponse(render_to_string("500.html"), status=500)


def _away(request: HttpRequest) -> HttpResponse:
    reads = request.method in ("GET", "HEAD")
    if request.headers.get("HX-Request"):
        sentence = _("the database does not answer")
        if not reads:
            sentence = _(
                "the database does not answer, and it is not sure whether this was stored: look before you repeat it"
            )
        response = HttpResponse(sentence, content_type="text/plain; charset=utf-8", status=503)
    else:
        response = HttpResponse(render_to_string("503.html", {"reads": reads}), status=503)
    response.headers["Retry-After"] = RETRY_AFTER
    response.headers["Cache-Control"] = "no-store"
    return response
