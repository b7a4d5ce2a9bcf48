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
  const long = (toast) => 5000 + 70 * toast.textContent.trim().length;

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

  const complain = (reason) => {
    const toast = document.getElementById("toast-failed").content.firstElementChild.cloneNode(true);
    toast.querySelector(".notice-text").textContent = state.dataset.failed.replace("%s", reason);
    forget();
    box.prepend(toast);
  };
  const forget = () => box.querySelectorAll("[data-stays]").forEach((toast) => { toast.remove(); });
  const body = document.body;
  body.addEventListener("htmx:sendError", () => complain(state.dataset.away));
  body.addEventListener("htmx:timeout", () => complain(state.dataset.away));
  body.addEventListener("htmx:responseError", (event) => {
    const { status, responseText } = event.detail.xhr;
    const told = (event.detail.xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    complain(told ? responseText : `HTTP ${status}`);
  });
  body.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) forget(); });
})();
