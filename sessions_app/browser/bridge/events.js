// The buffer of what happened, for the program: an event stays until it is acknowledged.

const MOST_EVENTS = 5000;

const epoch = random(); // of this load of the page
const buffer = [];
let sequence = 0;
let lost = 0;

function tell(what, data) {
  if (buffer.length >= MOST_EVENTS) {
    lost += 1;
    return false;
  }
  sequence += 1;
  buffer.push({ sequence, name: what, data });
  return true;
}

function drain(limit) {
  return { epoch, events: buffer.slice(0, limit) };
}

function acknowledge(ofEpoch, upTo) {
  if (ofEpoch !== epoch) return false;
  while (buffer.length && buffer[0].sequence <= upTo) {
    const { name: what, data } = buffer.shift();
    if (what === "ack") for (const hex of data.ids) keepAck(hex, data.ack);
  }
  if (lost && !buffer.length) {
    lost = 0;
    askLookBack();
  }
  return true;
}
