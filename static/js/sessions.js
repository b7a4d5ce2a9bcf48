// Sessions: dialogs that the server sends, which the page's socket keeps live, and cards that are selected together.
"use strict";
(() => {
  // Has the socket watch a live part too, or no longer: by another address it is another socket.
  const watch = (part, on) => {
    const socket = document.getElementById("live-socket");
    const address = socket && socket.getAttribute("ws-connect");
    if (!part || !address) return;
    const url = new URL(address, location.href);
    const parts = new Set(url.searchParams.getAll("f"));
    if (parts.has(part) === on) return;
    if (on) parts.add(part); else parts.delete(part);
    url.searchParams.delete("f");
    for (const name of parts) url.searchParams.append("f", name);
    const fresh = socket.cloneNode();
    fresh.removeAttribute("hx-swap-oob");
    fresh.setAttribute("ws-connect", url.pathname + url.search);
    htmx.swap(socket, fresh.outerHTML, { swapStyle: "outerHTML" });
  };

  // The dialog is in the address, so that it is there again after a reload, and can be linked to.
  const name = (pair) => {
    const url = new URL(location.href);
    if (pair) url.searchParams.set("pair", pair); else url.searchParams.delete("pair");
    history.replaceState(history.state, "", url);
  };

  const open = () => {
    for (const dialog of document.querySelectorAll("dialog[data-modal]:not([open])")) {
      const { pair, watch: part } = dialog.dataset;
      dialog.showModal();
      if (pair) name(pair);
      watch(part, true);
      dialog.addEventListener("close", () => {
        if (!dialog.isConnected) return; // another one came in its place
        dialog.remove();
        if (pair) name("");
        watch(part, false);
      });
    }
  };
  document.body.addEventListener("htmx:afterSettle", open);
  open();

  const boxes = () => [...document.querySelectorAll(".session-item:has(.session-card) [name=session]")];
  const bar = document.getElementById("batch");
  const tell = () => {
    if (!bar) return;
    const all = boxes();
    const chosen = all.filter((box) => box.checked).length;
    const count = bar.querySelector(".batch-count");
    count.textContent = chosen === 1 ? count.dataset.one : count.dataset.many.replace("%s", chosen);
    bar.hidden = !chosen;
    const every = document.getElementById("select-all");
    if (!every) return;
    every.checked = Boolean(chosen) && chosen === all.length;
    every.indeterminate = Boolean(chosen) && chosen < all.length;
  };
  const set = (some, on) => { for (const box of some) box.checked = on; };

  let last = null;
  addEventListener("click", (event) => {
    const { target } = event;
    if (target.closest("[data-close]")) target.closest("dialog").close();
    if (target.closest("[data-unselect]")) {
      set(boxes(), false);
      tell();
      document.getElementById("select-all").focus();
    }
    if (!target.matches(".session-item [name=session]")) return;
    const all = boxes();
    if (event.shiftKey && last && last.isConnected) {
      const [from, to] = [all.indexOf(last), all.indexOf(target)].sort((a, b) => a - b);
      set(all.slice(from, to + 1), target.checked);
    }
    last = target;
    tell();
  });
  addEventListener("change", (event) => {
    if (event.target.id === "select-all") set(boxes(), event.target.checked);
    tell();
  });
  document.body.addEventListener("htmx:afterSettle", tell);
  document.body.addEventListener("htmx:wsAfterMessage", tell);
  tell();
})();
