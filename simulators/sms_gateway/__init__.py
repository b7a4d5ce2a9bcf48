"""A stand-in of an SMS gateway: real HTTP, a journal of every arrival, and the faults of real gateways on demand.

Run `python -m simulators.sms_gateway --help`. It prints one JSON line, {"url": …}, when it is ready.

    GET|POST /send[/LINE]   a send: to|phone|number…, text|message…, id…, callback in the query, a form or JSON
    GET /status/ID          what became of the message with our id; 404 when it was never accepted
    GET /journal?after=SEQ  every raw arrival since that sequence number (limit=N, default 10000)
    GET /stats[?full=1]     counts of what arrived and of what was accepted
    GET|PUT /control        the behaviour (see behaviour.py), changed while it runs
    POST /reset             forget everything that arrived; the behaviour stays
"""
