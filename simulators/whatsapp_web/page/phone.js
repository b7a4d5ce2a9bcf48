// The control page: the HTTP API for people. It asks again every second and shows what there is.

import { dataUrlOf } from "./files.js";

const REFRESH_MS = 1000;
const part = (id) => document.getElementById(id);

async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

function say(text) {
  part("answer").textContent = text;
}

async function act(action, given) {
  try {
    await ask("POST", `/phone/${action}`, given);
    say("Done.");
  } catch (error) {
    say(error.message);
  }
  await refresh();
}

function cell(content) {
  const made = document.createElement("td");
  made.append(...[content].flat());
  return made;
}

function button(text, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.onclick = press;
  return made;
}

function rowOf({ profile, connected, state, qr, number, link_code: code, mode, info }) {
  const row = document.createElement("tr");
  const buttons = number
    ? [
        button("Log out", () => act("logout", { number, profile })),
        button("Reload", () => act("reload", { profile })),
        button("Ban for a while", () => act("event", { number, profile, event: "account_temporarily_banned" })),
      ]
    : [
        button("Scan", () => {
          document.querySelector('form[data-action="scan"] [name="qr"]').value = qr;
          document.querySelector('form[data-action="scan"] [name="number"]').focus();
        }),
        button("Refuse", () => act("refuse", { qr })),
      ];
  row.append(
    cell(profile.slice(0, 8)),
    cell(connected ? state : `${state}, away`),
    cell(number || code),
    cell(`${mode} ${info}`),
    cell(buttons),
  );
  return row;
}

function lineOf({ from_me: mine, chat, body, caption, filename, type, ack, t }) {
  const line = document.createElement("li");
  const time = new Date(t * 1000).toLocaleTimeString();
  const text = type === "chat" ? body : `[${type}] ${filename} ${caption}`;
  line.textContent = `${time} ${mine ? "→" : "←"} ${chat}: ${text}${mine ? ` (ack ${ack})` : ""}`;
  return line;
}

// Rows are made anew only when something changed, so that a press is not lost between two of them.
let shown = "";

async function refresh() {
  const { devices } = await ask("GET", "/devices");
  const now = JSON.stringify(devices);
  if (now !== shown) part("browsers").replaceChildren(...devices.map(rowOf));
  shown = now;
  const numbers = [...new Set(devices.map((one) => one.number).filter(Boolean))];
  part("accounts").replaceChildren(...numbers.map((number) => new Option(number)));
  const looked = part("look").elements.number.value || numbers[0];
  if (looked) {
    const { messages } = await ask("GET", "/messages?" + new URLSearchParams({ number: looked }));
    part("messages").replaceChildren(...messages.slice(-30).map(lineOf));
  }
  part("stats").textContent = JSON.stringify(await ask("GET", "/stats"), null, 2);
}

async function showRules() {
  part("rules").elements.rules.value = JSON.stringify(await ask("GET", "/control"), null, 2);
}

for (const form of document.querySelectorAll("form[data-action]")) {
  form.onsubmit = async (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    if (given.file?.size) Object.assign(given, { data: await dataUrlOf(given.file), caption: given.text });
    if (given.file) given.filename = given.file.name;
    delete given.file;
    await act(event.submitter?.dataset.action ?? form.dataset.action, given);
  };
}

part("look").onsubmit = (event) => event.preventDefault();
part("rules").onsubmit = async (event) => {
  event.preventDefault();
  try {
    await ask("PUT", "/control", JSON.parse(part("rules").elements.rules.value));
    say("Done.");
  } catch (error) {
    say(error.message);
  }
  await showRules();
};

await showRules();
await refresh();
setInterval(() => refresh().catch((error) => say(error.message)), REFRESH_MS);
