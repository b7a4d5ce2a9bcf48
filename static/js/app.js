// Small manners of every page: menus that close, and confirmations that name what will happen.
"use strict";
(() => {
  addEventListener("click", (event) => {
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
})();
