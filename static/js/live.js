// Whether the page is live, how old times are, and a soft flash of what changed.
"use strict";
(() => {
  const state = document.getElementById("live-state");
  const root = document.documentElement;
  let offset = 0;
  let told = "";

  // Once for each time that the server tells: htmx speaks of the socket's element at every message.
  const setClock = (element) => {
    if (!element || element.dataset.now === told) return;
    told = element.dataset.now;
    offset = Date.parse(told) - Date.now();
  };
  const now = () => Date.now() + offset;

  // The page is live from its socket's opening to its end; a page without live parts says nothing.
  const tell = (live) => {
    root.dataset.live = live ? "on" : "off";
    state.hidden = false;
    state.textContent = live ? state.dataset.on : state.dataset.off;
  };
  document.body.addEventListener("htmx:wsOpen", () => tell(true));
  document.body.addEventListener("htmx:wsClose", (event) => {
    tell(false);
    const code = event.detail.event && event.detail.event.code;
    if (code === 4401) location.reload(); // signed out: the sign-in page says so
  });
  document.body.addEventListener("htmx:wsError", () => tell(false));

  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const relative = new Intl.RelativeTimeFormat(root.lang, { style: "short", numeric: "always" });
  const ago = (seconds) => {
    const past = Math.max(0, Math.round(seconds));
    const [unit, size] = units.find(([, length]) => past >= length) || ["second", 1];
    return relative.format(-Math.floor(past / size), unit);
  };
  const left = (seconds) => {
    const whole = Math.max(0, Math.ceil(seconds));
    const two = (value) => String(value).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor((whole % 3600) / 60);
    return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  };
  const renew = () => {
    for (const time of document.querySelectorAll("time.ago, time.countdown")) {
      const seconds = (now() - Date.parse(time.dateTime)) / 1000;
      const text = time.classList.contains("ago") ? ago(seconds) : left(-seconds);
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setClock(document.getElementById("live-socket"));
  renew();
  setInterval(renew, 1000);
  document.body.addEventListener("htmx:load", renew);
  document.body.addEventListener("htmx:wsAfterMessage", renew);

  const flash = (element) => {
    if (!element.classList || !element.hasAttribute("data-flash")) return;
    element.classList.remove("changed");
    void element.offsetWidth; // begins the animation anew
    element.classList.add("changed");
  };
  document.body.addEventListener("htmx:oobAfterSwap", (event) => {
    const swapped = event.detail.elt;
    if (swapped && swapped.id) flash(document.getElementById(swapped.id) || swapped);
    if (event.target.id === "live-socket") setClock(event.target);
  });
})();
