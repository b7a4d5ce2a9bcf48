// What people write to us: each message is told once.

// What WhatsApp shows between messages, and what is not readable yet: no words of a person.
const NO_WORDS = new Set([
  "ciphertext", "e2e_notification", "notification", "notification_template", "broadcast_notification", "gp2",
  "call_log", "protocol", "debug", "reaction", "pin_message", "keep_in_chat", "oversized", "unknown",
]); // prettier-ignore
// Of other types the body is a picture or data.
const WORDS_IN_BODY = new Set(["chat", "buttons_response", "list_response", "template_button_reply"]);

const heard = new Set();

async function hear(message) {
  const id = message?.id;
  const chat = partsOf(id?.remote);
  if (!id?.id || id.fromMe || !isPerson(chat) || NO_WORDS.has(message.type) || heard.has(id.id)) return;
  heard.add(id.id);
  const phone = chat.server === "lid" ? await phoneOf(chat.id) : chat.user;
  const told = tell("message", {
    id: id.id,
    chat: chat.id,
    phone,
    lid: chat.server === "lid" ? chat.user : "",
    body: WORDS_IN_BODY.has(message.type) ? String(message.body ?? "") : "",
    caption: String(message.caption ?? ""),
    type: String(message.type ?? ""),
    filename: String(message.filename ?? ""),
    mimetype: String(message.mimetype ?? ""),
    t: Number(message.t) || 0,
    notify_name: String(message.notifyName ?? ""),
  });
  if (!told) heard.delete(id.id);
}
