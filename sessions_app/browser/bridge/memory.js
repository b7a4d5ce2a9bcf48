// What outlives the page: in the profile (localStorage, which a logout wipes) what has to outlive the browser too, in
// sessionStorage what has to outlive a reload but not the browser.

const local = globalThis.localStorage;
const session = globalThis.sessionStorage;
const name = (key) => `whatsmassive.${key}`;
const read = (store, key) => quiet(() => JSON.parse(store.getItem(name(key))), null);
const write = (store, key, value) => store.setItem(name(key), JSON.stringify(value)); // throws when it is full

// Since when nothing that was written here can have been lost: both stores have to agree. A browser that dies may
// not have written its last seconds, and then sessionStorage is gone. What was forgotten for want of room is lost too.
function born() {
  const mine = read(session, "born");
  if (mine && mine.token === read(local, "born")) return Math.max(mine.at, read(local, "forgotten") ?? 0);
  const fresh = { token: random(), at: Date.now() };
  quiet(() => write(session, "born", fresh));
  quiet(() => write(local, "born", fresh.token));
  return fresh.at;
}
