"""A stand-in of SMS Gate: its server and the phones behind it, or one phone's own server, with faults on demand.

Run `python -m simulators.sms_gate --help`. It prints one JSON line, {"url": …}, when it is ready.

As the server does, under /3rdparty/v1:
    POST   /messages                a message for a phone; 409 for an id that this phone has (unless duplicates=accept)
    GET    /messages/ID             its state; numbers are hashed once a phone has it, with --hashed
    GET    /devices                 the phones of the account
    POST   /auth/token              a token for an hour
    GET|POST /webhooks, DELETE /webhooks/ID
    GET    /health
As a phone's own server does, without that path: /message or /messages (202 for an id that it has), /device,
/webhooks, /auth/token, /health.

Beside it, as simulators.sms_gateway has them: GET /journal, GET /stats, GET|PUT /control, POST /reset. And
    POST   /inbound                 {"phone", "text", "device"?}: somebody writes to a phone
"""
