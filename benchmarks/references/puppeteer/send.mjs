// A bot's way with WhatsApp Web: Puppeteer on a page that is connected, one call a message, nothing stored.
//
//     node send.mjs DEBUGGER_ADDRESS PAGE_URL N FIRST_NUMBER
//
// The call does in the page what the product's does (sessions_app/browser/bridge/send.js): it asks whether the number
// is on WhatsApp, finds the chat, sends under an id that was chosen before, and looks for the ack every 50 ms. It
// writes to N people, and then to the same ones without asking. Prints {"new": {"messages", "seconds"}, "known": {…}}.

import { randomBytes } from "node:crypto";
import puppeteer from "puppeteer-core";

const [address, url, number, first] = process.argv.slice(2);

function sendInPage(candidate, wid, key, text) {
  return (async () => {
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const found = wid || (await WPP.contact.queryWidExists(candidate)).wid.toString();
    const chat = (await WPP.chat.find(found)).id.toString();
    const id = `true_${chat}_${key}`;
    const options = { messageId: id, linkPreview: false, markIsRead: false, waitForAck: false };
    await WPP.chat.sendTextMessage(chat, text, options);
    for (const until = Date.now() + 15_000; Date.now() < until; await pause(50)) {
      if ((await WPP.chat.getMessageById(id)).ack >= 1) return found;
    }
    throw new Error("no ack");
  })();
}

const browser = await puppeteer.connect({ browserURL: `http://${address}`, defaultViewport: null });
const page = (await browser.pages()).find((one) => one.url().startsWith(url));
const people = Array.from({ length: Number(number) }, (_, row) => String(BigInt(first) + BigInt(row)));
const wids = new Map();
const told = {};
for (const turn of ["new", "known"]) {
  const started = performance.now();
  for (const [row, person] of people.entries()) {
    const key = "3EB0" + randomBytes(9).toString("hex").toUpperCase();
    wids.set(person, await page.evaluate(sendInPage, `${person}@c.us`, wids.get(person) ?? "", key, `Hola ${row}`));
  }
  told[turn] = { messages: people.length, seconds: (performance.now() - started) / 1000 };
}
await browser.disconnect();
console.log(JSON.stringify(told));
