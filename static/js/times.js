// Times on the page: how long ago, and how long still, by the server's clock.
"use strict";
(() => {
  const root = document.documentElement;
  let offset = 0;
  let told = "";

  // Once for each time that the server tells: htmx speaks of the socket's element at every message.
  const setClock = (element) => {
    if (!element || element.dataset.now === told) return;
    told = element.dataset.now;
    offset = Date.parse(told) - Date.now();
  };

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
      if (!time.dataset.here && !time.dateTime) continue; // nothing is known yet
      // What happened in this page is known by this machine's clock.
      const { here } = time.dataset;
      const since = here ? Date.now() - here : Date.now() + offset - Date.parse(time.dateTime);
      const text = time.classList.contains("ago") ? ago(since / 1000) : left(-since / 1000);
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setClock(document.getElementById("live-socket"));
  renew();
  setInterval(renew, 1000);
  document.body.addEventListener("htmx:load", renew);
  document.body.addEventListener("htmx:wsAfterMessage", renew);
  document.body.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.target.id === "live-socket") setClock(event.target);
  });
})();
