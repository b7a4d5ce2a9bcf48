// What is done to conversations, by buttons and by keys: j and k go through the list, e archives, u is unread, r
// answers.
"use strict";
(() => {
  // Asked for by the page: a button in a live part may be gone before the answer, and its toast, are there.
  // Each from an element of its own: of two at once the second would take the place of one that waits.
  const post = (values) => {
    const source = document.body.appendChild(document.createElement("i"));
    const sent = htmx.ajax("POST", document.getElementById("inbox").dataset.acts, { source, values, swap: "none" });
    sent.finally(() => source.remove());
    return sent;
  };
  // A conversation that is put back among the unread ones is drawn once more before it closes, and must not count as
  // seen by that.
  let leaving = null;
  addEventListener("htmx:beforeRequest", (event) => {
    const talk = event.target.closest(".chat-end") && event.target.closest("#talk");
    if (talk && talk === leaving) event.preventDefault();
  });
  addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const values = JSON.parse(button.dataset.act);
    values.key ||= [...document.querySelectorAll("[data-person-pick]:checked")].map((box) => box.value);
    const menu = button.closest("details.pop");
    if (menu) menu.open = false;
    const toast = button.closest(".toast-note");
    if (toast) toast.remove();
    if (values.close) leaving = document.getElementById("talk");
    post(values).finally(() => setTimeout(() => { leaving = null; }, 1000));
  });

  const act = (name, link) => {
    const talk = document.getElementById("talk");
    const row = link && link.closest("[data-person]");
    if (row && row.dataset.person !== talk.dataset.talk) {
      post({ act: name, key: row.querySelector("[data-person-pick]").value });
      return;
    }
    const button = document.getElementById(`act-${name}`);
    if (button) button.click();
  };
  let going = 0; // "g" and a letter goes to a page (keys.js)
  addEventListener("keydown", (event) => {
    const goes = Date.now() - going < 1500;
    going = 0;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    if (event.key === "g") going = Date.now();
    if (goes) return;
    const link = event.target.closest(".person-link");
    const step = { j: 1, k: -1, ...(link && { ArrowDown: 1, ArrowUp: -1 }) }[event.key];
    if (step) {
      const all = [...document.querySelectorAll(".person-link")];
      const from = link || document.querySelector(".person-link[aria-current]");
      const next = all[from ? all.indexOf(from) + step : 0];
      if (next) next.focus();
    } else if (event.key === "e") act("archive", link);
    else if (event.key === "u") act("unread", link);
    else if (event.key === "r") document.querySelector("#reply textarea")?.focus();
    else return;
    event.preventDefault();
  });
})();
