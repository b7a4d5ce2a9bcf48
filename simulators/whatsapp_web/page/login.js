// Who is logged in: the code, the login with what it brings, and the logout.

import { MsgKey, widOf } from "./ids.js";
import { close } from "./link.js";
import { mediaOf } from "./media.js";
import { MsgModel } from "./models.js";
import * as outbox from "./outbox.js";
import { chatFrom, keep } from "./records.js";
import { BackendEventBus, ChatStore, Cmd, Conn, me, MsgStore, Socket } from "./stores.js";

const LOGOUT_PAUSE_MS = 500;

export const isLoggedIn = () => Boolean(me.wid);

export function code({ ref }) {
  // When nobody scans, the page gives up: no code is left, and the state is what wa-js calls idle.
  Conn.set("ref", ref);
  Socket.set("state", ref ? "UNPAIRED" : "UNPAIRED_IDLE");
}

export function login({ me: number, lid, chats }) {
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

// The real page wipes the profile and opens itself anew. The pause lets `conn.logout()` answer before that.
export function logout({ reason }, modules) {
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
