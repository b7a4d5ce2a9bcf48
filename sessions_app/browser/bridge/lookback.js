// Looking back: what happened before this page could hear it.

const MOST_LOOKS_FAILED = 5;
const LOOK_AGAIN_MS = 10_000;
const KEY_OPEN_MS = 3 * 24 * 3600 * 1000; // how long an own message is looked at again after a load
const CLOCKS_APART_S = 120; // how much earlier a look back begins than what was surely told
const SETTLED_MS = 10_000; // connected for so long, everything that waited at WhatsApp has come

let lookBackDue = true;
let lookingBack = false;
let looksFailed = 0;
let nextLook = 0;
let connectedAt = 0;

function askLookBack() {
  lookBackDue = true;
}

function noteDisconnected() {
  connectedAt = 0;
}

// At every tick with a connection: each one begins with a look back.
function lookBackWhenDue() {
  if (!connectedAt) {
    connectedAt = Date.now();
    lookBackDue = true;
    looksFailed = nextLook = 0;
  }
  // wa-js hears acks from "full" on; a page that started in another state never gets there.
  const hearing = WPP.isFullReady || Date.now() - connectedAt > SETTLED_MS;
  if (lookBackDue && hearing) lookBack();
}

async function lookBack() {
  if (lookingBack || Date.now() < nextLook) return;
  lookingBack = true;
  lookBackDue = false;
  const whole = [await lookAtKeys().catch(() => false), await lookAtChats().catch(() => false)].every(Boolean);
  lookingBack = false;
  looksFailed = whole ? 0 : looksFailed + 1;
  // What fails so often will go on failing; the rest has been told.
  if (!whole && looksFailed < MOST_LOOKS_FAILED) {
    lookBackDue = true;
    nextLook = Date.now() + LOOK_AGAIN_MS;
  }
}

async function lookAtKeys() {
  let whole = true;
  const open = keys().filter(({ chat, ack, at }) => chat && ack >= 0 && ack < 3 && at > Date.now() - KEY_OPEN_MS);
  for (const { hex, chat, ack } of open.slice(0, MOST_LOOKED_BACK)) {
    try {
      await bounded(WPP.chat.find(chat), CALL_MS, "look_timeout");
      const message = await bounded(stored(chat, hex), CALL_MS, "look_timeout");
      if (message?.ack === 0) waiting.set(hex, chat);
      else if (message && message.ack !== ack) tellAck(chat, [hex], message.ack);
    } catch {
      whole = false;
    }
  }
  return whole;
}

async function lookAtChats() {
  let whole = true;
  const since = (read(local, "heard") ?? login().since / 1000) - CLOCKS_APART_S;
  const chats = await bounded(WPP.chat.list({ ignoreGroupMetadata: true }), CALL_MS, "look_timeout");
  for (const chat of chats) {
    // Where WhatsApp keeps no time of the last message, the chat's messages tell.
    if (!isPerson(partsOf(chat.id)) || (!chat.unreadCount && chat.t < since)) continue;
    const count = Math.min(Math.max(chat.unreadCount || 0, 20), 200);
    try {
      const messages = await bounded(WPP.chat.getMessages(chat.id, { count }), CALL_MS, "look_timeout");
      for (const message of messages) if (message.t >= since) await hear(message);
    } catch {
      whole = false;
    }
  }
  return whole;
}

// What was told and taken until now needs no look back after the next load.
function keepHeard() {
  if (lookBackDue || lookingBack || buffer.length || Date.now() - connectedAt < SETTLED_MS) return;
  quiet(() => write(local, "heard", Math.floor(Date.now() / 1000)));
}
