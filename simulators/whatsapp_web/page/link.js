// The connection to the server: questions with answers, what the server says by itself, and coming back after a loss.

const RETRY_MS = 300;
const PROFILE = "standin.profile";

let socket = null;
let closed = false;
let fresh = true;
let counter = 0;
let hear = () => {};
let changed = () => {};
const waiting = new Map();

// A profile is what is paired. It lives in the browser's profile and goes with it.
export function profile() {
  let id = localStorage.getItem(PROFILE);
  if (!id) {
    id = crypto.randomUUID();
    localStorage.setItem(PROFILE, id);
  }
  return id;
}

// `listener` hears what the server says; `onChange` whether it can be reached.
export function open(listener, onChange) {
  hear = listener;
  changed = onChange;
  connect();
}

function connect() {
  const address = new URL("/ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.search = new URLSearchParams({ profile: profile(), ...(fresh ? { fresh: "1" } : {}) });
  socket = new WebSocket(address);
  socket.onopen = () => {
    fresh = false;
    changed(true);
  };
  socket.onmessage = ({ data }) => {
    const said = JSON.parse(data);
    if (!("re" in said)) {
      hear(said);
      return;
    }
    const { resolve, reject } = waiting.get(said.re) ?? {};
    waiting.delete(said.re);
    if (said.error) reject?.(new Error(said.error));
    else resolve?.(said);
  };
  socket.onclose = () => {
    for (const { reject } of waiting.values()) reject(new Error("the connection was lost"));
    waiting.clear();
    if (closed) return;
    changed(false);
    setTimeout(connect, RETRY_MS);
  };
}

// For good: another page has taken the profile over, or it is logged out.
export function close() {
  closed = true;
  socket.close();
}

export const isOpen = () => socket?.readyState === WebSocket.OPEN;

export function tell(payload) {
  if (isOpen()) socket.send(JSON.stringify(payload));
}

// Rejects when the server can't be reached, says an error, or is lost before it has answered.
export function ask(payload) {
  return new Promise((resolve, reject) => {
    if (!isOpen()) {
      reject(new Error("there is no connection"));
      return;
    }
    counter += 1;
    waiting.set(counter, { resolve, reject });
    socket.send(JSON.stringify({ ...payload, n: counter }));
  });
}
