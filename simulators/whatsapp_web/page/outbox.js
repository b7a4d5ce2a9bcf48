// Messages on their way out. As on the real page they wait in the profile while there is no connection, and they go
// out later, even after a reload: whoever sends again meanwhile has two of them under way.

import { ask } from "./link.js";
import { MsgStore, Stream } from "./stores.js";

const KEPT = "standin.outbox";
const results = new Map();
let entries = [];
let busy = false;

// What a former page of this profile left; the caller puts them back into its stores. That page may have ended between
// a send and its answer, so each of them may have arrived, and the next try says that it is one.
export function restore() {
  try {
    const left = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    entries = left.map((entry) => ({ ...entry, again: true }));
  } catch {
    entries = [];
  }
  return entries;
}

function save() {
  try {
    localStorage.setItem(KEPT, JSON.stringify(entries));
  } catch {
    // A large file doesn't fit in: it then lives as long as the page.
  }
}

// Resolves as wa-js expects of a send: when the server's ack is there, or has failed. An ack that is lost never comes.
export function add(entry) {
  entries.push(entry);
  save();
  const done = new Promise((resolve) => results.set(entry.id, resolve));
  flush();
  return done;
}

export async function flush() {
  if (busy) return;
  busy = true;
  try {
    while (entries.length && Stream.mode === "MAIN" && Stream.info === "NORMAL") {
      const entry = entries[0];
      const { ack } = await ask({ op: "send", ...entry });
      entries.shift();
      save();
      if (ack !== 0) settle(entry, ack);
    }
  } catch {
    // The connection broke before the answer: it may have arrived, so the next try says that it is one.
    if (entries.length) entries[0].again = true;
    save();
  } finally {
    busy = false;
  }
}

// An answer other than "clock" is the last one that the server gives.
function settle(entry, ack) {
  MsgStore.get(`true_${entry.chat}_${entry.id}`)?.updateAck(ack);
  finish(entry.id, ack);
}

export function finish(id, ack) {
  const messageSendResult = ack < 0 ? "ERROR_UNKNOWN" : "OK";
  results.get(id)?.({ messageSendResult, t: Math.floor(Date.now() / 1000), count: null });
  results.delete(id);
}
