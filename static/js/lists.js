// A list that is searched shows other rows, and the page's live parts stay the same: its socket is kept, not opened anew.
"use strict";
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  if (target.id !== "live-socket") return;
  const next = fragment.querySelector ? fragment.querySelector("#live-socket") || fragment : fragment;
  const address = next.getAttribute ? next.getAttribute("ws-connect") : null;
  if (address && address === target.getAttribute("ws-connect")) event.detail.shouldSwap = false;
});
