"""A stand-in of WhatsApp Web: a page on which the real wa-js runs, and behind it WhatsApp, the phones and the people.

Run `python -m simulators.whatsapp_web --help`. It prints one JSON line, {"url": …}, when it is ready. A browser opens
that address in place of https://web.whatsapp.com; wa-js is injected by whoever drives it, as on the real page.

Wherever an account is asked for it is its number in digits (or in E.164); a person is a number too.

    GET  /                  the page. Its profile (localStorage) is what is paired; see page/
    GET  /phone             a page for people: scan a code, refuse it, write as somebody, log out
    GET  /devices           the browsers: profile, connected, state (qr, idle, paired), qr (the text), number, link_code
    GET  /accounts          what each account holds: chats, messages, profiles
    GET  /messages?number=&person=&after=   an account's messages, oldest first, without their media
    POST /phone/scan        {"qr": text, "number", "name"?}: 404 when that code is not shown any more
    POST /phone/refuse      {"qr": text}: the person declines on the phone; the page gets another code
    POST /phone/link        {"code", "number"}: types the code of "link with phone number" into the phone
    POST /phone/link_event  {"profile", "event"}: refresh, expired, hello or error of that code
    POST /phone/logout      {"number", "profile"?, "reason"?}: unlinks its browsers, or one
    POST /phone/message     {"number", "person", "text"} or {…, "data": data URL, "filename", "caption"}; "name"?;
                            "from_me": true is the account's own phone writing to that person
    POST /phone/typing      {"number", "person", "state": composing|recording|paused}
    POST /phone/receipt     {"number", "id", "ack": -1..4}: what the rules would have sent by themselves
    POST /phone/reload      {"number" or "profile"}: the page reloads itself, as after an update
    POST /phone/update      {"number" or "profile"}: WhatsApp Web says that it needs an update
    POST /phone/event       {"number", "event"}: account_temporarily_banned and others of the backend bus
    GET  /stats[?full=1]    counts of what arrived and of what was accepted
    GET  /journal?after=SEQ every raw arrival since that sequence number (limit=N, default 10000)
    GET|PUT /control        the behaviour (see behaviour.py), changed while it runs
    POST /reset             forget what arrived and what was said; browsers stay paired, the behaviour stays
    POST /forget            {"number"}: an account as if it had never been; its browsers are unlinked
"""
