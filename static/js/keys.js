// Keys: "/" searches, "g" and a letter goes to a page of the menu, "?" shows them all.
"use strict";
(() => {
  const WAIT = 1500; // milliseconds between "g" and its letter
  let going = 0;
  const help = document.getElementById("shortcuts");

  addEventListener("click", (event) => {
    if (!event.target.closest("[data-shortcuts]")) return;
    for (const open of document.querySelectorAll("details.user[open]")) open.open = false;
    help.showModal();
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    if (event.key === "?") {
      event.preventDefault();
      help.showModal();
    } else if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "g") {
      going = Date.now();
    } else if (Date.now() - going < WAIT) {
      const link = document.querySelector(`.menu [data-key="${CSS.escape(event.key)}"]`);
      going = 0;
      if (link) link.click();
    }
  });
})();
