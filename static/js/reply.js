// An answer as it is written: kept until it is sent, told to others who look at the conversation, asked about where the
// person opted out.
"use strict";
(() => {
  const RENEW = 10000; // milliseconds between two words to the others that one still writes
  const { body } = document;
  const form = () => document.getElementById("reply");
  const field = (name) => form().elements.namedItem(name);
  const place = () => `reply:${form().dataset.draft}`;

  // The draft keeps the message's id: sent again after an answer that was lost, it is the same message.
  const keep = () => {
    const text = field("text").value;
    if (text.trim()) sessionStorage.setItem(place(), JSON.stringify({ id: field("id").value, text }));
    else sessionStorage.removeItem(place());
  };
  const restore = () => {
    if (!form()) return;
    const kept = JSON.parse(sessionStorage.getItem(place()) || "null");
    if (!kept) return;
    if (document.getElementById(`m${kept.id}`)) sessionStorage.removeItem(place());
    else if (!field("text").value) {
      field("text").value = kept.text;
      field("id").value = kept.id;
    }
  };

  let told = { key: "", at: 0 };
  const tell = (off) => {
    const { draft, answering } = form().dataset;
    const headers = JSON.parse(body.getAttribute("hx-headers"));
    const words = new URLSearchParams(off ? { off: "1" } : {});
    told = { key: draft, at: off ? 0 : Date.now() };
    // Nothing depends on it.
    fetch(answering, { method: "POST", headers, body: words, keepalive: true }).catch(() => {});
  };
  const writing = () => {
    if (told.key !== form().dataset.draft || Date.now() - told.at > RENEW) tell(false);
  };
  addEventListener("focusin", (event) => { if (event.target.matches("#reply textarea")) writing(); });
  addEventListener("input", (event) => {
    if (!event.target.matches("#reply textarea")) return;
    keep();
    writing();
  });
  addEventListener("focusout", (event) => {
    if (event.target.matches("#reply textarea") && !event.target.value.trim() && event.target.isConnected) tell(true);
  });

  const free = (one) => {
    for (const button of one.querySelectorAll("button:not([data-lacks])")) button.disabled = false;
  };
  body.addEventListener("htmx:confirm", (event) => {
    const asks = event.target.dataset && event.target.dataset.sure;
    if (!asks || event.target !== form()) return;
    event.preventDefault();
    const dialog = document.getElementById(asks);
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "yes") event.detail.issueRequest(true);
      else free(event.target);
    }, { once: true });
    dialog.showModal();
  });
  body.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful } = event.detail;
    if (elt.id === "reply" && !successful) free(elt);
  });
  let sent = false;
  body.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt.id === "reply") sent = true; });
  body.addEventListener("htmx:afterSettle", () => {
    restore();
    if (sent && form()) field("text").focus();
    sent = false;
  });
  restore();
})();
