"""Who gets what: every URL and every live part, one line each, as a person would say it.

A line of PAGES is `METHOD object executive supervisor administrator`, each the answer's status. Of an object an
executive's is told twice, `of their own/of somebody else's`; supervisors and administrators ask for somebody else's.
`~object`: whoever may act is sent to one that is not there, so that nothing is done; who may not is refused before.

A line of PARTS is `key executive supervisor`, whether the socket shows it: `yes` or `no`, an executive's told twice
where the key is an object's or somebody's.

A new URL or live part is refused by the tests until it has its line here.
"""

PAGES = {
    # The panel.
    "desk:panel": "GET - 200 200 200",
    # Conversations.
    "desk:conversations": "GET - 200 200 200",
    "desk:conversation": "GET person 200/404 200 200",
    "desk:conversation-reply": "POST person 200/404 200 200",
    "desk:conversation-seen": "POST person 400/404 400 400",
    # Debtors, and the files that bring them.
    "debtors:list": "GET - 200 200 200",
    "debtors:debtor": "GET debtor 200/404 200 200",
    "debtors:upload": "GET - 403 200 200",
    "debtors:check": "GET upload 403/403 200 200",
    "debtors:sheet": "POST ~upload 403/403 404 404",
    "debtors:drop": "POST ~upload 403/403 404 404",
    "debtors:imports": "GET - 403 200 200",
    "debtors:import": "GET import 403/403 200 200",
    "debtors:import-stop": "POST ~import 403/403 404 404",
    "debtors:import-go-on": "POST ~import 403/403 404 404",
    "debtors:rejects": "GET import 403/403 200 200",
    # Campaigns.
    "campaigns:list": "GET - 200 200 200",
    "campaigns:campaign": "GET campaign 200/404 200 200",
    "campaigns:messages": "GET campaign 200/404 200 200",
    "campaigns:message": "GET message 200/404 200 200",
    "campaigns:export": "GET campaign 200/404 200 200",
    "campaigns:attachment": "GET attachment 200/404 200 200",
    "campaigns:new": "GET - 403 200 200",
    "campaigns:day": "POST - 403 200 200",
    "campaigns:edit": "GET campaign 403/403 302 302",
    "campaigns:preview": "GET campaign 403/403 200 200",
    "campaigns:attach": "POST ~campaign 403/403 404 404",
    "campaigns:pick": "GET draft 403/403 200 200",
    "campaigns:step": "GET step 403/403 200 200",
    "campaigns:start": "POST ~campaign 403/403 404 404",
    "campaigns:schedule": "POST ~campaign 403/403 404 404",
    "campaigns:unschedule": "POST ~campaign 403/403 404 404",
    "campaigns:pause": "POST ~campaign 403/403 404 404",
    "campaigns:resume": "POST ~campaign 403/403 404 404",
    "campaigns:go-on": "POST ~campaign 403/403 404 404",
    "campaigns:cancel": "POST ~campaign 403/403 404 404",
    "campaigns:retry": "POST ~campaign 403/403 404 404",
    "campaigns:resolve": "POST ~campaign 403/403 404 404",
    "campaigns:archive": "POST ~campaign 403/403 404 404",
    "campaigns:unarchive": "POST ~campaign 403/403 404 404",
    "campaigns:duplicate": "POST ~campaign 403/403 404 404",
    "campaigns:owner": "POST ~campaign 403/403 404 404",
    "campaigns:delete": "POST ~campaign 403/403 404 404",
    # Sessions.
    "desk:sessions": "GET - 403 200 200",
    "desk:session-new": "GET - 403 200 200",
    "desk:session": "GET session 403 200 200",
    "desk:session-batch": "POST - 403 404 404",
    "desk:session-pair": "POST ~session 403 404 404",
    "desk:session-pair-qr": "POST ~session 403 404 404",
    "desk:session-link": "POST ~session 403 404 404",
    "desk:session-limits": "POST ~session 403 404 404",
    "desk:session-test": "POST ~session 403 404 404",
    "desk:session-picture": "GET ~session 403 404 404",
    "desk:session-act": "POST ~act 403 404 404",
    # Pools and lines.
    "gateways:pools": "GET - 403 200 200",
    "gateways:pool-new": "GET - 403 200 200",
    "gateways:pool-preview": "GET - 403 200 200",
    "gateways:pool": "GET pool 403 200 200",
    "gateways:pool-edit": "GET pool 403 200 200",
    "gateways:pool-switch": "POST ~pool 403 404 404",
    "gateways:pool-delete": "POST ~pool 403 404 404",
    "gateways:pool-candidates": "GET pool 403 200 200",
    "gateways:pool-move": "POST ~pool 403 404 404",
    "gateways:line": "GET line 403 200 200",
    "gateways:line-switch": "POST ~line 403 404 404",
    "gateways:line-test": "POST ~line 403 404 404",
    "gateways:line-new": "GET - 403 403 200",
    "gateways:line-edit": "GET line 403 403 200",
    "gateways:line-delete": "POST ~line 403 403 404",
    "gateways:line-callback": "POST ~line 403 403 404",
    # The log, the settings.
    "systemlog:list": "GET - 403 200 200",
    "preferences:settings": "GET - 403 403 200",
    "preferences:group": "GET group 403 403 200",
    "preferences:reset": "POST ~group 403 403 404",
    # One's own account.
    "accounts:login": "GET - 302 302 302",
    "accounts:language": "POST - 303 303 303",
    "accounts:logout": "GET - 405 405 405",
    "accounts:password": "GET - 200 200 200",
}

OPEN = {"accounts:login", "accounts:language"}
"""The pages for whoever is not signed in."""

PARTS: dict[str, tuple[str, ...]] = {
    # The frame.
    "system-banner": ("- yes yes",),
    "menu-unread": ("- no yes", "user yes/no no"),
    "menu-hands": ("- no yes",),
    # The panel, and an executive's.
    "panel-next": ("- no yes",),
    "panel-today": ("- no yes",),
    "panel-now": ("- no yes",),
    "panel-flow": ("- no yes",),
    "panel-campaigns": ("- no yes", "user yes/no no"),
    "panel-ways": ("- no yes",),
    "panel-people": ("- no yes", "user yes/no no"),
    "panel-trouble": ("- no yes",),
    "own-next": ("- no no", "user yes/no no"),
    "own-figures": ("- no no", "user yes/no no"),
    # Conversations.
    "conversation-row": ("person yes/no yes",),
    "conversations-new": ("list no yes",),
    "thread": ("person yes/no yes",),
    # Debtors' files.
    "import-progress": ("import no/no yes",),
    "import-refused": ("import no/no yes",),
    "import-row": ("import no/no yes",),
    "upload-look": ("upload no/no yes",),
    # Campaigns: by the key without acts, an executive's own.
    "campaign-row": ("campaign no/no yes", "look yes/no yes"),
    "campaign-progress": ("campaign no/no yes", "look yes/no yes"),
    "campaign-funnel": ("campaign no/no yes", "look yes/no yes"),
    "campaign-lanes": ("campaign no/no yes", "look yes/no yes"),
    "campaign-problems": ("campaign no/no yes", "look yes/no yes"),
    "campaign-replies": ("campaign no/no yes", "look yes/no yes"),
    "campaign-last": ("campaign no/no yes", "look yes/no yes"),
    "campaign-actions": ("campaign no/no yes", "look no/no yes"),
    "campaign-draft": ("draft no/no yes",),
    "campaign-asked": ("asked no/no yes",),
    "campaign-changes": ("changes yes/no yes",),
    # Sessions, pools and lines, the log.
    "session-chips": ("- no yes",),
    "session-card": ("session no yes",),
    "session-state": ("session no yes",),
    "session-pairing": ("session no yes",),
    "session-picture": ("session no yes",),
    "session-facts": ("session no yes",),
    "session-changes": ("session no yes",),
    "session-test": ("session no yes",),
    "pool-card": ("pool no yes",),
    "pool-figures": ("pool no yes",),
    "pool-picture": ("pool no yes",),
    "pool-waiting": ("pool no yes",),
    "line-row": ("line no yes",),
    "line-state": ("line no yes",),
    "line-tests": ("line no yes",),
    "log-tail": ("- no yes",),
}

AWAITED = {
    *("desk:conversation", "desk:conversation-reply", "desk:conversation-seen", "conversation-row", "thread"),
    *("debtors:list", "debtors:debtor"),
}
"""Pages and parts that still show an executive everybody's: what the tables say of these is not asked yet."""
