// What arrives at a page that is linked: acks, messages, and who is writing.

import { widOf } from "./ids.js";
import * as outbox from "./outbox.js";
import { chatFrom, messageFrom } from "./records.js";
import { MsgStore, PresenceStore } from "./stores.js";

export function ack({ chat, id, ack: value }, modules) {
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

export function incoming({ message, chat }) {
  const model = chatFrom({ ...chat, last: null });
  if (MsgStore.get(`${message.from_me}_${message.chat}_${message.id}`)) return;
  const added = messageFrom(message, model, { isNewMsg: true });
  model.lastReceivedKey = added.id;
  model.set("unreadCount", chat.unread);
  chatFrom(chat);
}

export function presence({ chat, state }) {
  const model = PresenceStore.get(chat) ?? PresenceStore.get(chatFrom({ id: chat, unread: 0 }).id);
  model.chatstate = { type: state === "paused" ? "available" : state };
  PresenceStore.trigger("change:chatstate.type", model.chatstate);
}
