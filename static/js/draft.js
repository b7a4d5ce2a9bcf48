// A step of a draft: says whether what is written is saved, and sees when somebody else changes the same step.
"use strict";
(() => {
  const form = document.getElementById("step-form");
  const bar = document.querySelector(".save-bar");
  const field = (name) => form.elements.namedItem(name);
  const state = () => document.getElementById("save-state");
  // What was written and is not known to be stored: a page may begin with what was refused.
  let changes = document.querySelector("#save-state .danger") ? 1 : 0;
  let sent = 0;
  let again = 0;
  let stuck = changes ? "refused" : ""; // why it could not be stored: "refused", "away", "out" (nobody is signed in)
  let tried = ""; // the change of somebody else's that was answered by storing one's own
  let following = false;

  // Debtors that were ticked in their list (picks.js) are in the draft now.
  if (sessionStorage["debtors-sent"]) ["debtors", "debtors-sent"].forEach((key) => sessionStorage.removeItem(key));

  const say = (why) => {
    stuck = why;
    state().textContent = state().dataset[why];
    state().classList.add("danger");
  };
  const store = () => htmx.trigger(form, "store");
  const turn = () => { field("turn").value = Number(field("turn").value) + 1; return field("turn").value; };
  const ours = (event) => event.detail.elt === form;
  form.addEventListener("input", () => {
    changes += 1;
    state().textContent = state().dataset.writing;
  });
  form.addEventListener("htmx:configRequest", (event) => {
    if (!ours(event)) return;
    // Whoever signed in again in another tab has another token.
    const token = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie);
    if (token) event.detail.parameters.csrfmiddlewaretoken = token[1];
    event.detail.parameters.turn = turn();
  });
  form.addEventListener("htmx:beforeRequest", (event) => { if (ours(event)) sent = changes; });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (!ours(event)) return;
    clearTimeout(again);
    const { xhr, successful } = event.detail;
    if (successful && xhr.getResponseHeader("X-Draft") === "stored") {
      changes -= sent;
      sent = 0;
      if (stuck === "out" && changes <= 0) location.reload(); // signed in again: the page is to be live again
      if (stuck !== "out") stuck = "";
      if (changes > 0) state().textContent = state().dataset.writing;
    } else if (successful && xhr.responseText.includes('id="save-state"')) {
      stuck = "refused"; // the answer says why, and is in the page
    } else {
      say(successful ? "out" : "away");
      again = setTimeout(store, 3000);
    }
  });

  // What was written a moment ago is sent along when one leaves by the menu, a link or the tab's own cross; where it
  // could not be stored, one is asked before it is lost.
  addEventListener("pagehide", () => {
    if (changes <= 0) return;
    changes = 0;
    turn();
    const data = new URLSearchParams(new FormData(form));
    data.set("auto", "1");
    fetch(form.action, { method: "POST", body: data, keepalive: true });
  });
  addEventListener("beforeunload", (event) => { if (changes > 0 && stuck) event.preventDefault(); });
  addEventListener("signed-out", (event) => { if (changes > 0) { event.preventDefault(); store(); } });
  form.addEventListener("submit", (event) => {
    if (stuck === "out") { event.preventDefault(); store(); return; } // the page to sign in would take its place
    turn();
    changes = 0;
  });
  addEventListener("click", (event) => {
    if (event.target.closest("[data-abandon]")) changes = 0; // somebody takes what was saved in place of their own
  }, true);

  // The live part tells what is stored: another page's change is shown at once, or told where one writes oneself.
  const seen = () => {
    const told = bar.querySelector("[data-draft]");
    const own = told && told.dataset.page === field("page").value;
    if (told && told.hidden !== own) told.hidden = own;
    if (!told || !told.dataset.draft || own) return;
    if (told.dataset.draft === field("base").value || form.classList.contains("htmx-request")) return;
    if (changes > 0) {
      if (told.dataset.draft !== tried) store();
      tried = told.dataset.draft;
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
