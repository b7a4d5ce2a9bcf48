// The ids of our own messages: what was begun, in which chat, and which ack was told and taken.

const MOST_KEYS = 2000;

const kept = (hex) => read(local, `key.${hex}`);

function remember(hex, chat) {
  write(local, `key.${hex}`, { chat, ack: kept(hex)?.ack ?? 0, at: Date.now() });
  if ((remembered += 1) % 100 === 0) forgetOldest();
}
let remembered = 0;

function keepAck(hex, ack) {
  const entry = kept(hex);
  if (entry) quiet(() => write(local, `key.${hex}`, { ...entry, ack }));
}

function keys() {
  const start = name("key.");
  return Object.keys(local)
    .filter((key) => key.startsWith(start))
    .map((key) => ({ hex: key.slice(start.length), ...kept(key.slice(start.length)) }))
    .sort((a, b) => b.at - a.at);
}

function forgetOldest() {
  const oldest = keys().slice(MOST_KEYS);
  if (oldest.length) write(local, "forgotten", oldest[0].at);
  for (const { hex } of oldest) local.removeItem(name(`key.${hex}`));
}
