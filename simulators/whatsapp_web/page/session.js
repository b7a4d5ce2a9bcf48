// What the server says, turned into changes of the models: this hears it and hands it on, and keeps the stream's state.

import { ack, incoming, presence } from "./arrivals.js";
import { close, open, tell } from "./link.js";
import { code, isLoggedIn, login, logout } from "./login.js";
import * as outbox from "./outbox.js";
import { BackendEventBus, LinkDeviceEvents, me, Network, Stream } from "./stores.js";

const LINK_EVENTS = {
  refresh: "link_device_events:refresh_alt_linking_code",
  expired: "link_device_events:force_manual_refresh",
  hello: "link_device_events:primary_hello_received",
  error: "link_device_events:error_alt_linking",
};

function stream({ mode, info }, modules) {
  if (mode === "QR" && isLoggedIn()) {
    // The server doesn't know this profile any more: unlinked while the page was away.
    logout({ reason: "account_sync_error" }, modules);
    return;
  }
  Stream.set("mode", mode);
  Stream.set("info", info);
  Network.set("online", mode !== "OFFLINE" && info !== "OFFLINE");
  if (mode === "MAIN" && info === "NORMAL") outbox.flush();
}

export function start(modules) {
  const answers = {
    keys: ({ op, ...keys }) => Object.assign(me.keys, keys),
    qr: code,
    login,
    stream: (said) => stream(said, modules),
    presence,
    message: incoming,
    ack: (said) => ack(said, modules),
    logout: (said) => logout(said, modules),
    event: ({ event }) => BackendEventBus.trigger(event),
    link_event: ({ event }) => LinkDeviceEvents.trigger(LINK_EVENTS[event]),
    replaced: () => close(),
    reload: () => location.reload(),
    update: () => Stream.set("needsUpdate", true),
  };
  const hear = (said) => {
    answers[said.op](said);
    // Confirmed only once it is in the stores: what the page can't take in comes again.
    if ("seq" in said) tell({ op: "confirm", seq: said.seq });
  };
  open(hear, (reachable) => {
    if (!reachable) stream({ mode: Stream.mode, info: "OFFLINE" });
    else if (isLoggedIn()) Stream.set("info", "CONNECTING");
  });
}
