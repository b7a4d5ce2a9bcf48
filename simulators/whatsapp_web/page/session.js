// What the server says, turned into changes of the models: the code, the login, the stream, acks and messages.

import { close, open, tell } from "./link.js";
import { chatFrom, ChatStore, Cmd, Conn, keep, LinkDeviceEvents, me, MsgStore } from "./stores.js";
import { messageFrom, Network, PresenceStore, BackendEventBus, Socket, Stream } from "./stores.js";
import { MsgModel } from "./models.js";
import { MsgKey, widOf } from "./ids.js";
import { mediaOf } from "./media.js";
import * as outbox from "./outbox.js";

const LINK_EVENTS = {
  refresh: "link_device_events:refresh_alt_linking_code",
  expired: "link_device_events:force_manual_refresh",
  hello: "link_device_events:primary_hello_received",
  error: "link_device_events:error_alt_linking",
};
const LOGOUT_PAUSE_MS = 500;

export const isLoggedIn = () => Boolean(me.wid);

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

function code({ ref }) {
  // When nobody scans, the page gives up: no code is left, and the state is what wa-js calls idle.
  Conn.set("ref", ref);
  Socket.set("state", ref ? "UNPAIRED" : "UNPAIRED_IDLE");
}

function login({ me: number, lid, chats }) {
  const returning = isLoggedIn();
  me.wid = widOf(number);
  me.lid = widOf(lid);
  Conn.connected = true;
  Conn.set("ref", null);
  Socket.set("state", "CONNECTED");
  for (const chat of chats) chatFrom(chat);
  if (returning) return;
  for (const entry of outbox.restore()) waitingMessage(entry);
  Cmd.isMainLoaded = true;
  Cmd.trigger("main_loaded");
}

// A message of a former page that hasn't gone out yet: its clock is shown as if nothing had happened.
function waitingMessage(entry) {
  const chat = ChatStore.get(entry.chat) ?? chatFrom({ id: entry.chat, unread: 0 });
  const id = new MsgKey({ fromMe: true, remote: chat.id, id: entry.id });
  if (MsgStore.get(id)) return;
  const { type, body, caption, t } = entry;
  const message = new MsgModel({ id, from: me.wid, to: chat.id, type, body, caption, t, ack: 0 });
  if (entry.data) Object.assign(message, mediaOf(entry));
  keep(message, chat);
}

function ack({ chat, id, ack: value }, modules) {
  const message = MsgStore.get(`true_${chat}_${id}`);
  if (value > 1) {
    // Through the module, not directly: wa-js has put itself before this function to see the receipts.
    modules.WAWebHandleMsgSimpleReceipt.handleChatSimpleReceipt({
      ack: value,
      ackString: "",
      from: widOf(chat),
      externalIds: [id],
    });
  } else {
    message?.updateAck(value);
  }
  outbox.finish(id, value);
}

// The original of what wa-js wraps. Receipts may overtake each other; an ack only grows.
export function handleChatSimpleReceipt({ ack: value, from, externalIds }) {
  for (const id of externalIds) {
    const message = MsgStore.get(`true_${from}_${id}`);
    if (message && message.ack < value) message.updateAck(value);
  }
}

function incoming({ message, chat }) {
  const model = chatFrom({ ...chat, last: null });
  if (MsgStore.get(`${message.from_me}_${message.chat}_${message.id}`)) return;
  const added = messageFrom(message, model, { isNewMsg: true });
  model.lastReceivedKey = added.id;
  model.set("unreadCount", chat.unread);
  chatFrom(chat);
}

function presence({ chat, state }) {
  const model = PresenceStore.get(chat) ?? PresenceStore.get(chatFrom({ id: chat, unread: 0 }).id);
  model.chatstate = { type: state === "paused" ? "available" : state };
  PresenceStore.trigger("change:chatstate.type", model.chatstate);
}

// The real page wipes the profile and opens itself anew. The pause lets `conn.logout()` answer before that.
function logout({ reason }, modules) {
  const value = modules.WAWebLogoutReason.getErrorCodeFromLogoutReason(reason);
  close();
  localStorage.clear();
  me.wid = me.lid = undefined;
  Conn.connected = false;
  BackendEventBus.trigger("logout");
  Cmd.trigger("logout");
  Socket.set("state", "UNPAIRED");
  setTimeout(() => location.replace(`/?post_logout=1&logout_reason=${value}`), LOGOUT_PAUSE_MS);
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
