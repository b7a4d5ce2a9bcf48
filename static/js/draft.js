// A step of a draft: says whether what is written is saved, and sees when somebody else changes the same step.
"use strict";
(() => {
  const form = document.getElementById("step-form");
  const bar = document.querySelector(".save-bar");
  const state = () => document.getElementById("save-state");
  let changes = 0; // what was written and is not known to be stored
  let sent = 0;
  let again = 0;
  let following = false;

  const ours = (event) => event.detail.elt === form;
  form.addEventListener("input", () => {
    changes += 1;
    state().textContent = state().dataset.writing;
  });
  form.addEventListener("htmx:beforeRequest", (event) => { if (ours(event)) sent = changes; });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (!ours(event)) return;
    clearTimeout(again);
    if (event.detail.successful) {
      changes -= sent;
      sent = 0;
      if (changes > 0) state().textContent = state().dataset.writing;
      return;
    }
    state().textContent = state().dataset.away;
    state().classList.add("danger");
    again = setTimeout(() => htmx.trigger(form, "store"), 3000);
  });

  // What was written a moment ago is sent along when one leaves by the menu, a link or the tab's own cross.
  const flush = () => {
    if (changes <= 0) return;
    changes = 0;
    const data = new URLSearchParams(new FormData(form));
    data.set("auto", "1");
    fetch(form.action, { method: "POST", body: data, keepalive: true });
  };
  form.addEventListener("submit", () => { changes = 0; });
  addEventListener("pagehide", flush);
  addEventListener("click", (event) => {
    if (event.target.closest("[data-abandon]")) changes = 0; // somebody takes what was saved in place of their own
  }, true);

  // The live part tells what is stored: another page's change is shown at once, or told where one writes oneself.
  const seen = () => {
    const told = bar.querySelector("[data-draft]");
    const base = document.getElementById("base");
    const own = told && told.dataset.page === form.elements.namedItem("page").value;
    if (told && told.hidden !== own) told.hidden = own;
    if (!told || !told.dataset.draft || own) return;
    if (told.dataset.draft === base.value || form.classList.contains("htmx-request")) return;
    if (changes > 0) {
      htmx.trigger(form, "store");
    } else if (!following && !document.querySelector("#conflict section")) {
      following = true;
      const how = { target: "#editor", select: "#editor", swap: "morph:outerHTML" };
      htmx.ajax("GET", location.pathname, how).finally(() => setTimeout(() => { following = false; seen(); }, 500));
    }
  };
  // Nothing is put in the place of what was begun to be written meanwhile.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "editor" && changes > 0) event.detail.shouldSwap = false;
  });
  new MutationObserver(seen).observe(bar, { subtree: true, childList: true, attributes: true });
})();
