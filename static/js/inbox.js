// The list of conversations: which one is open, what is ticked, and new ones that come in when nobody points at it.
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

  // Asked for by the page, not by a button that may be gone before the answer is there.
  const refresh = (part) => htmx.ajax("GET", location.pathname + location.search, {
    source: body, target: part, select: part, swap: "outerHTML",
  });

  // New ones: at once while nobody points at the list, works in it or has ticked some of it; else they are told of.
  let last = 0;
  const busy = () => !list() || list().matches(":hover, :focus-within") || ticked()
    || document.querySelector(".htmx-request");
  setInterval(() => {
    const bar = document.querySelector(".inbox .new-bar");
    if (!bar || busy() || document.hidden || Date.now() - last < REST) return;
    last = Date.now();
    refresh("#found");
  }, 500);
  body.addEventListener("inboxChanged", () => refresh("#inbox-list"));
  addEventListener("click", (event) => {
    if (!event.target.closest(".inbox .new-bar")) return;
    event.preventDefault();
    refresh("#found");
  });

  // A part of the page comes anew, with a socket for all of it: it goes on watching what stays, as this page has it.
  body.addEventListener("htmx:configRequest", (event) => {
    const { elt, headers } = event.detail;
    const query = document.getElementById("inbox-query");
    const thread = document.querySelector("[data-thread]");
    if (query && query.dataset.since) headers["Inbox-Since"] = query.dataset.since;
    if (thread) headers["Inbox-Thread"] = thread.dataset.thread;
    if (elt.matches("#inbox-q")) event.detail.path = location.pathname; // whichever is open by now
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
