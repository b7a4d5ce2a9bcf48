// Small manners of every page: notices that close, confirmations that name what will happen, failed requests, keys.
"use strict";
(() => {
  const body = document.body;
  const state = document.getElementById("live-state");

  addEventListener("click", (event) => {
    const close = event.target.closest("[data-dismiss]");
    if (close) close.parentElement.remove();
    // A menu that was opened closes when one clicks beside it.
    for (const open of document.querySelectorAll("details.user[open], details.pop[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });

  // <form data-confirm="dialog-id"> asks in that <dialog> first; its button with value "yes" goes on.
  addEventListener("submit", (event) => {
    const form = event.target;
    const dialog = form.dataset.confirm && document.getElementById(form.dataset.confirm);
    if (!dialog || form.dataset.confirmed) {
      // A second click on a slow page must not do it twice.
      const disable = () => form.querySelectorAll("button").forEach((button) => { button.disabled = true; });
      if (form.method === "post") setTimeout(disable);
      return;
    }
    event.preventDefault();
    if (dialog.open) { dialog.close("yes"); return; } // Enter in one of the dialog's own fields
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "yes") return;
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter);
    }, { once: true });
    dialog.returnValue = "";
    dialog.showModal();
  }, true);
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // from the back button: figures of then would look like now's
  });

  const complain = (reason) => {
    const notice = document.createElement("div");
    notice.className = "notice notice-error";
    notice.setAttribute("role", "alert");
    notice.textContent = state.dataset.failed.replace("%s", reason);
    document.getElementById("notices").replaceChildren(notice);
    notice.scrollIntoView({ block: "nearest" });
  };
  body.addEventListener("htmx:sendError", () => complain(state.dataset.away));
  body.addEventListener("htmx:timeout", () => complain(state.dataset.away));
  body.addEventListener("htmx:responseError", (event) => {
    const { status, responseText } = event.detail.xhr;
    const told = (event.detail.xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    complain(told ? responseText : `HTTP ${status}`);
  });

  // "/" searches, "g" and a letter goes to a page of the menu.
  let going = 0;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "g") {
      going = Date.now();
    } else if (Date.now() - going < 1500) {
      const link = document.querySelector(`.menu [data-key="${CSS.escape(event.key)}"]`);
      going = 0;
      if (link) link.click();
    }
  });
})();
