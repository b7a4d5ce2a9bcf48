// Whether the page is live and how old what it shows is; what changes stays unfolded, and flashes softly.
"use strict";
(() => {
  const SILENCE = 15000; // the server says every 4 s that all is well, if nothing else
  const FIRST = 5000;
  const state = document.getElementById("live-state");
  const word = document.getElementById("live-word");
  const age = document.getElementById("live-age");
  const root = document.documentElement;
  const body = document.body;
  let current = null; // the socket that opened last
  let wrapper = null;
  let heard = Date.now();

  // The page is live from its socket's opening to its end, or until it is silent for too long.
  const tell = (live, text) => {
    root.dataset.live = live ? "on" : "off";
    if (word.textContent !== text) word.textContent = text;
  };
  const hear = () => {
    heard = Date.now();
    age.dataset.here = heard;
  };
  const lost = () => tell(false, state.dataset.off);

  body.addEventListener("htmx:wsOpen", (event) => {
    current = event.detail.event.target;
    wrapper = event.detail.socketWrapper;
    hear();
    tell(true, state.dataset.on);
  });
  body.addEventListener("htmx:wsClose", (event) => {
    const { code, target } = event.detail.event;
    // Signed out, or no longer allowed to see this: the server says so, unless a page keeps something not stored.
    const ended = code === 4401 || code === 4403;
    if (ended && dispatchEvent(new CustomEvent("signed-out", { cancelable: true }))) location.reload();
    if (!current || target === current) lost(); // that of a socket which was given up says nothing of its successor
  });
  body.addEventListener("htmx:wsError", () => {
    if (!current || current.readyState > WebSocket.OPEN) lost();
  });
  body.addEventListener("htmx:wsBeforeMessage", (event) => {
    hear();
    if (event.detail.message === state.dataset.beat) event.preventDefault(); // there is nothing in it
  });

  // A machine that slept, or a network that is gone, does not say that the socket is dead.
  const watch = () => {
    if (root.dataset.live !== "on" || Date.now() - heard < SILENCE) return;
    lost();
    current = null;
    wrapper.reconnect();
  };
  setInterval(watch, 1000);
  addEventListener("online", watch);
  document.addEventListener("visibilitychange", watch);

  if (!("WebSocket" in window)) {
    htmx.createWebSocket = () => ({ addEventListener() {}, close() {} }); // one that never opens
    tell(false, state.dataset.never);
  } else {
    setTimeout(() => { if (!root.dataset.live) lost(); }, FIRST); // whoever holds it back may never refuse it
  }

  // Whether a part is unfolded is its reader's choice: the server knows nothing of it.
  const unfolds = (element) => element.localName === "details" || element.localName === "dialog";
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => name !== "open" || !unfolds(element);

  const flash = (element) => {
    if (!element.classList || !element.hasAttribute("data-flash")) return;
    element.classList.remove("changed");
    void element.offsetWidth; // begins the animation anew
    element.classList.add("changed");
  };
  body.addEventListener("htmx:oobAfterSwap", (event) => {
    const swapped = event.detail.elt;
    if (swapped && swapped.id) flash(document.getElementById(swapped.id) || swapped);
  });
})();
