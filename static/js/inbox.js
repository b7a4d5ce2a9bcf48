// The list of conversations: which one is open, keys, what is ticked, and new ones that come in when nobody points at it.
"use strict";
(() => {
  const REST = 3000; // milliseconds between two times that the list comes anew by itself
  const { body } = document;
  const list = () => document.getElementById("inbox-list");
  const links = () => [...document.querySelectorAll(".person-link")];
  const ticked = () => document.querySelectorAll("[data-person-pick]:checked").length;

  // The socket renders a row for all who look at it: which one is open, and what is ticked, only this page knows.
  const before = Idiomorph.defaults.callbacks.beforeAttributeUpdated;
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element, type) =>
    (!before || before(name, element, type)) && !(name === "checked" && element.matches("[data-person-pick]"));

  const show = () => {
    const talk = document.getElementById("talk");
    for (const row of document.querySelectorAll("[data-person]")) {
      const here = talk && row.dataset.person === talk.dataset.talk;
      const link = row.querySelector(".person-link");
      if (here) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
    const bar = document.getElementById("inbox-batch");
    if (bar) {
      const count = bar.querySelector(".batch-count");
      bar.hidden = !ticked();
      count.textContent = ticked() === 1 ? count.dataset.one : count.dataset.many.replace("%s", ticked());
    }
    const unread = /\d+\+?/.exec((document.querySelector("[id^=menu-unread]") || body.firstElementChild).textContent);
    if (talk) document.title = `${unread ? `(${unread[0]}) ` : ""}${talk.dataset.title} · WhatsMassive`;
  };
  for (const name of ["htmx:afterSettle", "htmx:wsAfterMessage", "change"]) body.addEventListener(name, show);

  // New ones: at once while nobody points at the list, works in it or has ticked some of it; else they are told of.
  let last = 0;
  const busy = () => !list() || list().matches(":hover, :focus-within") || ticked() || document.querySelector(".inbox-found .htmx-request");
  setInterval(() => {
    const bar = document.querySelector(".inbox .new-bar");
    if (!bar || busy() || document.hidden || Date.now() - last < REST) return;
    last = Date.now();
    bar.click();
  }, 500);
  body.addEventListener("inboxChanged", () => {
    const here = location.pathname + location.search;
    htmx.ajax("GET", here, { source: body, target: "#inbox-list", select: "#inbox-list", swap: "outerHTML" });
  });

  // A part of the page comes anew, with a socket for all of it: it goes on watching what stays, as this page has it.
  body.addEventListener("htmx:configRequest", (event) => {
    const { elt, headers } = event.detail;
    const query = document.getElementById("inbox-query");
    const thread = document.querySelector("[data-thread]");
    if (query && query.dataset.since) headers["Inbox-Since"] = query.dataset.since;
    if (thread) headers["Inbox-Thread"] = thread.dataset.thread;
    if (elt.matches("#inbox-q, .new-bar")) event.detail.path = location.pathname; // whichever is open by now
  });

  const act = (name, link) => {
    const talk = document.getElementById("talk");
    const row = link && link.closest("[data-person]");
    if (!row || (talk && row.dataset.person === talk.dataset.talk)) {
      const button = document.getElementById(`act-${name}`);
      if (button) button.click();
      return;
    }
    const values = { act: name, key: row.querySelector("[data-person-pick]").value };
    htmx.ajax("POST", document.getElementById("inbox-batch").dataset.act, { source: body, values, swap: "none" });
  };
  let going = 0; // "g" and a letter goes to a page (keys.js)
  addEventListener("keydown", (event) => {
    const goes = Date.now() - going < 1500;
    going = event.key === "g" ? Date.now() : 0;
    if (goes) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
    const link = event.target.closest(".person-link");
    const step = { j: 1, k: -1, ...(link && { ArrowDown: 1, ArrowUp: -1 }) }[event.key];
    if (step) {
      const all = links();
      const from = link || document.querySelector(".person-link[aria-current]");
      const next = all[from ? all.indexOf(from) + step : 0];
      if (next) next.focus();
    } else if (event.key === "e") act("archive", link);
    else if (event.key === "u") act("unread", link);
    else if (event.key === "r" && document.querySelector("#reply textarea")) document.querySelector("#reply textarea").focus();
    else return;
    event.preventDefault();
  });
  addEventListener("click", (event) => {
    if (event.target.closest("[data-unpick]")) {
      for (const box of document.querySelectorAll("[data-person-pick]")) box.checked = false;
      show();
    }
    const card = event.target.closest("[data-card]");
    if (card) card.setAttribute("aria-expanded", String(document.getElementById("talk").classList.toggle("with-card")));
  });
  show();
})();
