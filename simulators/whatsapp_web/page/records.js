// The way from the server's records to the models in the stores.

import { MsgKey, widOf } from "./ids.js";
import { mediaOf } from "./media.js";
import { ChatModel, ContactModel, MsgModel } from "./models.js";
import { Model } from "./shapes.js";
import { ChatStore, ContactStore, me, MsgCollectionImpl, MsgStore, PresenceStore } from "./stores.js";

// Which number a LID belongs to, both ways, as far as this page has been told.
const byLid = new Map();
const byPhone = new Map();

export function learn(contact) {
  if (!contact.lid || !contact.phone) return;
  byLid.set(contact.lid, widOf(contact.phone));
  byPhone.set(contact.phone, widOf(contact.lid));
}

export const phoneOf = (lid) => byLid.get(String(lid));
export const lidOf = (phone) => byPhone.get(String(phone));

// A chat of the server's record. The model stays the same, whoever asks for it and whenever.
export function chatFrom(record) {
  learn(record);
  let chat = ChatStore.get(record.id);
  if (!chat) {
    const id = widOf(record.id);
    chat = new ChatModel({
      id,
      msgs: new MsgCollectionImpl(),
      unreadCount: record.unread,
      formattedTitle: record.name || id.user,
      presence: { subscribe: async () => {} },
    });
    Object.defineProperty(chat, "hasUnread", { get: () => chat.unreadCount !== 0 });
    ChatStore.add(chat);
    PresenceStore.add(new Model({ id, isUser: true, hasData: true, isOnline: true, chatstate: { type: "" } }));
  }
  if (record.last) {
    const last = messageFrom(record.last, chat);
    chat.lastReceivedKey = last.id;
    know(record);
  }
  return chat;
}

// Only people with whom something was exchanged are contacts: wa-js believes that a contact is on WhatsApp.
function know(record) {
  if (record.last.from_me && record.last.ack < 1) return;
  const id = widOf(record.id);
  if (!ContactStore.get(id)) ContactStore.add(new ContactModel({ id, pushname: record.name, isBusiness: false }));
}

// A message of the server's record, from the stores when they have it already.
export function messageFrom(record, chat, { isNewMsg = false } = {}) {
  const id = new MsgKey({ fromMe: record.from_me, remote: chat.id, id: record.id });
  const known = MsgStore.get(id);
  if (known) {
    known.set("ack", record.ack);
    return known;
  }
  const self = chat.id.isLid() ? me.lid : me.wid;
  const message = new MsgModel({
    id,
    from: record.from_me ? self : chat.id,
    to: record.from_me ? chat.id : self,
    self: record.from_me ? "out" : "in",
    type: record.type,
    body: record.body,
    caption: record.caption || undefined,
    filename: record.filename || undefined,
    mimetype: record.mimetype || undefined,
    size: record.size || undefined,
    t: record.t,
    ack: record.ack,
    notifyName: record.name || undefined,
    isNewMsg,
  });
  if (record.type !== "chat") Object.assign(message, mediaOf(record));
  keep(message, chat);
  return message;
}

// Both stores, the chat's own first: it has to be there when MsgStore's listeners look for it.
export function keep(message, chat) {
  chat.msgs.add(message);
  MsgStore.add(message);
}
