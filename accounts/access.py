"""Which role opens which page: every URL by its name, with the least role that may ask for it.

One table, so that it can be read at once. A name that is missing is refused to everybody, and is an error of the system
checks. Within a page that executives may open, queries are scoped to what is theirs (accounts.roles.Scope): what is not
theirs is not there (404).
"""

from collections.abc import Mapping

from domain.roles import Role

ANYBODY = None
"""Also who is not signed in."""

E, S, A = Role.EXECUTIVE, Role.SUPERVISOR, Role.ADMINISTRATOR

ACCESS: Mapping[str, Role | None] = {
    # The panel.
    "desk:panel": E,
    # Conversations.
    "desk:conversations": E,
    "desk:conversation": E,
    "desk:conversation-reply": E,
    "desk:conversation-seen": E,
    "desk:conversation-answering": E,
    "desk:conversation-file": E,
    "desk:conversation-act": E,
    # Quick replies: whoever answers uses them in a conversation, supervisors keep them.
    "desk:quick-replies": S,
    "desk:quick-reply-new": S,
    "desk:quick-reply": S,
    "desk:quick-reply-delete": S,
    # Debtors, and the files that bring them.
    "debtors:list": E,
    "debtors:debtor": E,
    "debtors:export": E,
    "debtors:campaign": S,
    "debtors:upload": S,
    "debtors:check": S,
    "debtors:sheet": S,
    "debtors:drop": S,
    "debtors:imports": S,
    "debtors:import": S,
    "debtors:import-stop": S,
    "debtors:import-go-on": S,
    "debtors:rejects": S,
    # Whom no campaign writes to: an executive takes out people of theirs, from where they look at them.
    "suppressions:list": S,
    "suppressions:add": S,
    "suppressions:opt-out": E,
    "suppressions:lift": S,
    "suppressions:export": S,
    "suppressions:import": S,
    "suppressions:check": S,
    "suppressions:rejects": S,
    "suppressions:review": S,
    "suppressions:decide": S,
    # Acts on debtors.
    "debtors:note": E,
    "debtors:edit": S,
    "debtors:duplicates": S,
    "debtors:merge": S,
    "debtors:batch": S,
    "debtors:works": S,
    "debtors:work": S,
    "debtors:work-act": S,
    "debtors:understood": S,
    # Campaigns: executives look at their own.
    "campaigns:list": E,
    "campaigns:campaign": E,
    "campaigns:messages": E,
    "campaigns:message": E,
    "campaigns:export": E,
    "campaigns:attachment": E,
    "campaigns:new": S,
    "campaigns:day": S,
    "campaigns:edit": S,
    "campaigns:preview": S,
    "campaigns:attach": S,
    "campaigns:pick": S,
    "campaigns:step": S,
    "campaigns:start": S,
    "campaigns:schedule": S,
    "campaigns:unschedule": S,
    "campaigns:pause": S,
    "campaigns:resume": S,
    "campaigns:go-on": S,
    "campaigns:cancel": S,
    "campaigns:retry": S,
    "campaigns:resolve": S,
    "campaigns:archive": S,
    "campaigns:unarchive": S,
    "campaigns:duplicate": S,
    "campaigns:owner": S,
    "campaigns:delete": S,
    # Sessions.
    "desk:sessions": S,
    "desk:session-new": S,
    "desk:session": S,
    "desk:session-batch": S,
    "desk:session-pair": S,
    "desk:session-pair-qr": S,
    "desk:session-link": S,
    "desk:session-limits": S,
    "desk:session-test": S,
    "desk:session-picture": S,
    "desk:session-act": S,
    # Pools and lines: what holds credentials is an administrator's.
    "gateways:pools": S,
    "gateways:pool-new": S,
    "gateways:pool-preview": S,
    "gateways:pool": S,
    "gateways:pool-edit": S,
    "gateways:pool-switch": S,
    "gateways:pool-delete": S,
    "gateways:pool-candidates": S,
    "gateways:pool-move": S,
    "gateways:line": S,
    "gateways:line-calls": S,
    "gateways:line-call": S,
    "gateways:line-switch": S,
    "gateways:line-test": S,
    "gateways:line-new": A,
    "gateways:line-edit": A,
    "gateways:line-price": A,
    "gateways:line-delete": A,
    "gateways:line-callback": A,
    # The book of contacts, digests, checks of numbers: executives see what is theirs.
    "outreach:contacts": E,
    "outreach:contacts-export": E,
    "outreach:contact-new": S,
    "outreach:contact": S,
    "outreach:contact-delete": S,
    "outreach:contact-put-back": S,
    "outreach:book-new": S,
    "outreach:book-file": S,
    "outreach:book-take": S,
    "outreach:book-rejects": S,
    "outreach:digests": E,
    "outreach:digests-choose": E,
    "outreach:digests-test": E,
    "outreach:checks": S,
    "outreach:check-new": S,
    "outreach:check": S,
    "outreach:check-act": S,
    "outreach:check-export": S,
    # The log.
    "systemlog:list": S,
    "systemlog:entry": S,
    "systemlog:export": S,
    # The installation's settings.
    "preferences:settings": A,
    "preferences:group": A,
    "preferences:reset": A,
    # One's own account.
    "accounts:login": ANYBODY,
    "accounts:language": ANYBODY,
    "accounts:logout": E,
    "accounts:password": E,
    "accounts:profile": E,
    "accounts:theme": E,
    "accounts:sign-ins": E,
    "accounts:sign-in-end": E,
    "accounts:sign-ins-end-others": E,
    # Users.
    "users:list": A,
    "users:new": A,
    "users:user": A,
    "users:deactivate": A,
    "users:activate": A,
    "users:password": A,
    "users:sign-out": A,
    "users:sign-in-end": A,
    "users:hand-over": A,
    # One's own filters and columns of lists.
    "accounts:filter-save": E,
    "accounts:filter-act": E,
    "accounts:list-columns": E,
}


def least_role(view_name: str) -> Role | None:
    """The least role that may ask for a URL, None for anybody; `admin:…` is the administration of the data.

    Raises KeyError for a name that nobody decided about.
    """
    return A if view_name.partition(":")[0] == "admin" else ACCESS[view_name]
