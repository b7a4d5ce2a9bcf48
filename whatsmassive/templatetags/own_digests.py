"""One's own digests, on one's own page: what is of outreach there is put in from above, as accounts stand below it."""

from typing import Any

from django import template

from desk.outreach.digests import own_form

register = template.Library()


@register.inclusion_tag("outreach/_digest_form.html", takes_context=True)
def own_digests(context: dict[str, Any]) -> dict[str, Any]:
    """The form of the user's digests, which leads back to the profile."""
    user = context["request"].user
    return {
        "form": own_form(user),
        "gets": bool(user.phone),
        "from": "profile",
        "csrf_token": context.get("csrf_token"),
    }
