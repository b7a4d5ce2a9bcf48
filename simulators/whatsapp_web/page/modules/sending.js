// Messages on their way out: the send itself, files, and previews of links.

import { ask } from "../link.js";
import { OpaqueData, preparer } from "../media.js";
import { MsgModel } from "../models.js";
import * as outbox from "../outbox.js";
import { keep } from "../records.js";
import { MsgStore } from "../stores.js";

const MEBIBYTE = 1024 * 1024;
const UPLOAD_LIMITS = { image: 16 * MEBIBYTE, video: 64 * MEBIBYTE, audio: 16 * MEBIBYTE, document: 64 * MEBIBYTE };

// What the server said last of repeated ids; it has to be asked before each send, because it may change its mind.
let duplicates = "refuse";

async function send(chat, raw, data = "") {
  const asked = ask({ op: "known", id: raw.id.id });
  const answer = await asked.catch(() => ({ duplicates, known: false }));
  duplicates = answer.duplicates;
  // What waits in the outbox is known here only.
  if (duplicates === "refuse" && (answer.known || MsgStore.get(raw.id))) {
    throw Object.assign(new Error(`DuplicateMessageError: ${raw.id}`), { name: "DuplicateMessageError" });
  }
  const message = new MsgModel(raw);
  keep(message, chat);
  chat.lastReceivedKey = message.id;
  const { type, body, caption, filename, mimetype, size, t } = raw;
  const entry = { id: raw.id.id, chat: String(chat.id), type, body, caption, filename, mimetype, size, t, data };
  return [Promise.resolve(message), outbox.add(entry)];
}

export const sending = {
  WAWebLinkify: { findFirstWebLink: (text) => /https?:\/\/\S+/.exec(text)?.[0] ?? null },
  // WhatsApp's own preview asks its server, which has none here; wa-js puts other servers before it.
  WAWebLinkPreview: { getLinkPreview: (link) => sending.WAWebMinimalLinkPreview.genMinimalLinkPreview(link) },
  WAWebMinimalLinkPreview: { genMinimalLinkPreview: async () => null },
  WAWebSendMsgChatAction: { addAndSendMsgToChat: send },
  WAWebMediaOpaqueData: { default: OpaqueData },
  WAWebPrepRawMedia: { uploadProductImage() {}, MediaPrep: class {}, prepRawMedia: preparer(send) },
  WAWebMediaGating: { getUploadLimit: (kind) => UPLOAD_LIMITS[kind] ?? UPLOAD_LIMITS.document },
};
