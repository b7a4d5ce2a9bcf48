// The acks of our own messages: each is told once, and the ones without an event are looked for.

const MOST_LOOKED_BACK = 300; // own messages after one load of the page
const CONFIRMED_MS = 45_000; // a message that WhatsApp has not taken by then counts as not confirmed

const ackTold = new Map();
const waiting = new Map(); // own messages without an ack: hex -> chat; a failure has no event
const unconfirmed = new Map(); // those sent by this page since WhatsApp last took one: hex -> when

function awaitAck(hex, chat) {
  waiting.set(hex, chat);
  unconfirmed.set(hex, Date.now());
}

const overdue = () => [...unconfirmed.values()].filter((at) => at < Date.now() - CONFIRMED_MS).length;

function tellAck(chat, hexes, ack) {
  if (ack > 0) unconfirmed.clear();
  for (const hex of hexes) unconfirmed.delete(hex);
  const fresh = hexes.filter((hex) => !(ackTold.get(hex) === ack || (ack >= 0 && ackTold.get(hex) > ack)));
  if (!fresh.length || !tell("ack", { ids: fresh, chat, ack })) return;
  for (const hex of fresh) {
    ackTold.set(hex, ack);
    waiting.delete(hex);
  }
}

// wa-js's event: of our own messages to people.
function hearAck({ ack, ids }) {
  for (const id of ids ?? []) {
    const chat = partsOf(id?.remote);
    if (id?.fromMe && isPerson(chat)) tellAck(chat.id, [id.id], ack);
  }
}

async function stored(chat, hex) {
  try {
    return await WPP.chat.getMessageById(`true_${chat}_${hex}`);
  } catch (error) {
    if (error?.code === "msg_not_found") return null;
    throw error;
  }
}

let lookingAtWaiting = false;

async function lookAtWaiting() {
  if (lookingAtWaiting) return;
  lookingAtWaiting = true;
  for (const [hex, chat] of [...waiting].slice(-MOST_LOOKED_BACK)) {
    const message = await bounded(stored(chat, hex), CALL_MS, "look_timeout").catch(() => null);
    if (message && message.ack !== 0) tellAck(chat, [hex], message.ack);
  }
  lookingAtWaiting = false;
}
