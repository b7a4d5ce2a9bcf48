"""A stand-in of Infobip's SMS interface: real HTTP, a journal of every message, and Infobip's faults on demand.

Run `python -m simulators.infobip --help`. It prints one JSON line, {"url": …}, when it is ready.

    POST /sms/3/messages, /sms/2/text/advanced      many messages, each with its own id
    GET /sms/3/reports, /sms/1/reports?limit=N      delivery reports of what has no webhook, each given once
    GET /sms/3/logs, /sms/1/logs?messageId=ID       what became of a message; asking changes nothing
    GET /sms/1/inbox/reports?limit=N                people's texts, each given once
    GET /account/1/balance                          what is left of it; a message takes one

    GET /journal, /stats   GET|PUT /control   POST /reset       as simulators.sms_gateway has them; a line is a sender
    POST /inbound {"from": …, "text": …, "url"?}    a person writes; posted to the url, or kept until it is asked for
    PUT /account {"balance": N, "key": …}           how much is left, and the one credential that is taken

A fault strikes a request. A recipient's rule strikes one message of it: `reject` makes it the one for which the whole
request is refused, `error_body` has it rejected among others that are accepted. `duplicates` is `409` (Infobip's way:
status 23), `ignore` or `accept`.
"""
