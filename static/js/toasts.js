// Toasts: what was done, one after the other, in a corner that covers no work; what failed, until somebody closes it.
"use strict";
(() => {
  const box = document.getElementById("toasts");
  const state = document.getElementById("live-state");
  let left = 0; // milliseconds that the first one is still shown
  let shown = null;

  const first = () => box.querySelector(".toast-note");
  const rests = () => box.matches(":hover, :focus-within") || document.hidden;
  // Long enough to be read, word for word, by who looks up from something else.
  const read = (toast) => 5000 + 70 * toast.textContent.trim().length;
  // The way back that one offers, and nothing else on the page, is there twice as long.
  const long = (toast) => read(toast) * (toast.querySelector(".notice-text button") ? 2 : 1);

  setInterval(() => {
    const toast = first();
    if (toast !== shown) {
      shown = toast;
      left = toast ? long(toast) : 0;
    }
    if (!toast || toast.hasAttribute("data-stays") || rests()) return;
    left -= 250;
    if (left <= 0) toast.remove();
  }, 250);

  addEventListener("click", (event) => {
    const close = event.target.closest("[data-dismiss]");
    if (!close) return;
    close.parentElement.remove();
    // Who closed it by the keyboard goes on from the page, not from its beginning.
    if (document.activeElement === document.body) document.getElementById("content").focus({ preventScroll: true });
  });

  // What failed stays until the same part of the page succeeds: that others do says nothing of it. Parts that fail
  // alike, as they do without a server, share one toast.
  const failed = new Map(); // toast: the parts that it is about
  const drop = (toast) => { failed.delete(toast); toast.remove(); };
  const forget = (part) => failed.forEach((parts, toast) => {
    if (!toast.isConnected || (parts.delete(part) && !parts.size)) drop(toast);
  });
  const complain = (text, part) => {
    forget(part);
    let toast = [...failed.keys()].find((each) => each.textContent.trim() === text);
    if (!toast) {
      toast = document.getElementById("toast-failed").content.firstElementChild.cloneNode(true);
      toast.querySelector(".notice-text").textContent = text;
      failed.set(toast, new Set());
    }
    failed.get(toast).add(part);
    // Nothing is seen behind a dialog: it is told inside, and outside once that is closed.
    const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
    (dialog || box).prepend(toast);
    if (dialog) dialog.addEventListener("close", () => { if (toast.isConnected) box.prepend(toast); }, { once: true });
  };
  const tell = (reason, event) => complain(state.dataset.failed.replace("%s", reason), event.detail.elt);
  const body = document.body;
  addEventListener("complain", (event) => complain(event.detail, null));
  body.addEventListener("htmx:sendError", (event) => tell(state.dataset.away, event));
  body.addEventListener("htmx:timeout", (event) => tell(state.dataset.away, event));
  body.addEventListener("htmx:responseError", (event) => {
    const { status, responseText } = event.detail.xhr;
    const told = (event.detail.xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    tell(told ? responseText : `HTTP ${status}`, event);
  });
  body.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) forget(event.detail.elt); });
})();
