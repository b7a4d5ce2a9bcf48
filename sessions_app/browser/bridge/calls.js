// The one call by which a message goes out, and what became of it.

const POLL_MS = 50;

function callFor({ key, text, media }, chat) {
  const options = { messageId: `true_${chat}_${key}`, linkPreview: false, markIsRead: false, waitForAck: false };
  if (!media) return WPP.chat.sendTextMessage(chat, text, options);
  const { type, filename, mimetype } = media;
  const more = { type, filename, mimetype, caption: text || undefined };
  return WPP.chat.sendFileMessage(chat, contentOf(media), { ...options, ...more });
}

// What WhatsApp's code was given and has not come back from, which may be long after its job: it goes out still.
const calls = new Map();

function called(job, chat) {
  const call = callFor(job, chat);
  const over = () => calls.delete(job.key);
  calls.set(job.key, call);
  call.then(over, over);
  return call;
}

async function outcomeOf({ key, ack_wait_ms: wait = 0 }, chat, call) {
  const until = Date.now() + wait;
  try {
    await bounded(call, wait, "no_ack");
  } catch (error) {
    if (error?.code !== "no_ack") {
      const there = await bounded(stored(chat, key), CALL_MS, "late").catch(() => undefined);
      if (isDuplicate(error)) return { outcome: "duplicate", ack: there?.ack ?? null, error: textOf(error) };
      // wa-js says by a code of its own what it has refused before WhatsApp was asked.
      const refused = typeof error?.code === "string" && there === null;
      return { outcome: "error", sent: !refused, error: textOf(error) };
    }
  }
  for (;;) {
    const ack = (await stored(chat, key).catch(() => null))?.ack ?? 0;
    if (ack > 0) return { outcome: "acked", ack };
    if (ack < 0) return { outcome: "failed", ack };
    if (Date.now() >= until) return { outcome: "no_ack", ack };
    await pause(POLL_MS);
  }
}

const isDuplicate = (error) => error?.name === "DuplicateMessageError" || /DuplicateMessageError/.test(textOf(error));
