// The job "look": whether a message of ours, of which there is a doubt, is in its chat.

async function look({ key, chats = [] }) {
  const running = calls.has(key) || isSending(key);
  const before = kept(key);
  // From now on a late original is one that was seen.
  if (!before) remember(key, "");
  const wids = [...new Set([before?.chat, ...chats].filter(Boolean))];
  const messages = [];
  for (const wid of wids) {
    try {
      const home = partsOf((await bounded(WPP.chat.find(wid), CALL_MS, "look_timeout")).id).id;
      for (const chat of new Set([home, wid])) messages.push(await foundIn(chat, home, key));
    } catch (error) {
      // "Not found" has to be certain, unless the answer says that it can't be.
      if (connected()) throw error;
    }
  }
  const acks = messages.filter(Boolean).map(({ ack }) => ack);
  const ack = acks.length ? Math.max(...acks) : null;
  const { id, since } = login();
  const more = { login: id, login_since: since, born: born(), now: Date.now(), ...stream() };
  return { seen: Boolean(before), running, found: ack !== null, ack, ...more };
}

// Under a name that is not the chat's own there may be no chat at all.
async function foundIn(chat, home, key) {
  try {
    return await bounded(stored(chat, key), CALL_MS, "look_timeout");
  } catch (error) {
    if (chat !== home && error?.code === "chat_not_found") return null;
    throw error;
  }
}
