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
    const { submitter } = event;
    const asked = submitter && submitter.value;
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "yes") goOn(form, submitter, asked);
    }, { once: true });
    dialog.returnValue = "";
    dialog.showModal();
  }, true);

  // What was asked about is done, whatever the button means by now: it is in a live part, and may also be gone.
  const goOn = (form, submitter, asked) => {
    if (!form.isConnected || (submitter && (!submitter.isConnected || submitter.form !== form))) {
      const detail = document.getElementById("live-state").dataset.changed;
      dispatchEvent(new CustomEvent("complain", { detail }));
      return;
    }
    const now = submitter && submitter.value;
    form.dataset.confirmed = "yes";
    try {
      if (submitter) submitter.value = asked;
      form.requestSubmit(submitter);
    } finally {
      delete form.dataset.confirmed; // the next click asks again
      if (submitter) submitter.value = now;
    }
  };
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // from the back button: figures of then would look like now's
  });
})();
