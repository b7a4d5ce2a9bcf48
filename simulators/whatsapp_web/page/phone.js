// The control page: the HTTP API for people. It asks again every second and shows what there is.

import { dataUrlOf } from "./files.js";
import { lineOf, rowOf } from "./rows.js";

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

// Rows are made anew only when something changed, so that a press is not lost between two of them.
let shown = "";

async function refresh() {
  const { devices } = await ask("GET", "/devices");
  const now = JSON.stringify(devices);
  if (now !== shown) part("browsers").replaceChildren(...devices.map((one) => rowOf(one, act)));
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
