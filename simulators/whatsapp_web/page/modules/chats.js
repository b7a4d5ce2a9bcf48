// Chats and the messages in them: found, read, looked up in the server's history, and who is writing.

import { handleChatSimpleReceipt } from "../arrivals.js";
import { MsgKey } from "../ids.js";
import { ask, tell } from "../link.js";
import { chatFrom, lidOf, messageFrom } from "../records.js";
import { ChatStore, MsgStore } from "../stores.js";

async function findOrCreateLatestChat(wid) {
  const home = ChatStore.get(wid) ?? ChatStore.get(lidOf(wid) ?? "");
  if (home) return { chat: { id: home.id }, created: false };
  const { chat } = await ask({ op: "chat", wid: String(wid) });
  return { chat: { id: chatFrom(chat).id }, created: true };
}

// One parameter: wa-js counts them to know how to call it.
function getSearchContext({ chat, msgKey }) {
  const key = typeof msgKey === "string" ? MsgKey.fromString(msgKey) : msgKey;
  const load = async () => {
    const { message } = await ask({ op: "lookup", chat: String(chat.id), id: key.id });
    if (message && message.from_me === key.fromMe) messageFrom(message, chat);
  };
  return { collection: { loadAroundPromise: load(), get: (id) => MsgStore.get(id) } };
}

async function msgFindByDirection({ anchor, count, direction }) {
  const chat = ChatStore.get(anchor.remote);
  // JSON has no infinity, which is how wa-js asks for all.
  const wanted = count === Infinity ? -1 : Math.max(count, 0);
  const { messages } = await ask({ op: "history", chat: String(chat.id), id: anchor.id, count: wanted, direction });
  return { messages: messages.map((one) => messageFrom(one, chat)) };
}

const typing = (state) => async (chat) => tell({ op: "presence", chat: String(chat.id), state });

export const chats = {
  WAWebFindChatAction: { findOrCreateLatestChat },
  WAWebEphemeralFields: { getEphemeralFields: () => ({}) },
  WAWebUpdateUnreadChatAction: {
    markUnread() {},
    async sendSeen({ chat }) {
      chat.set("unreadCount", 0);
      tell({ op: "seen", chat: String(chat.id) });
    },
  },
  WAWebChatPresence: {
    markComposing: typing("composing"),
    markRecording: typing("recording"),
    markPaused: typing("paused"),
  },
  WAWebAck: {
    ACK: { FAILED: -1, CLOCK: 0, SENT: 1, RECEIVED: 2, READ: 3, PLAYED: 4 },
    EDIT_ATTR: { SENDER_REVOKE: 7 },
    ACK_STRING: { SENDER: "sender" },
  },
  WAWebHandleMsgSimpleReceipt: { handleChatSimpleReceipt },
  WAWebChatMessageSearch: { getSearchContext },
  WAWebDBMessageFind: {
    msgFindByDirection,
    msgFindBefore: (asked) => msgFindByDirection({ ...asked, direction: "before" }),
    msgFindAfter: (asked) => msgFindByDirection({ ...asked, direction: "after" }),
  },
};
