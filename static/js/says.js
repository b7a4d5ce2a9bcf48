// A confirmation says what the button that asks for it says: data-says, with %s as the number of what is ticked.
"use strict";
addEventListener("submit", (event) => {
  const button = event.submitter;
  const dialog = document.getElementById(event.target.dataset.confirm || "");
  const place = dialog && dialog.querySelector("[data-says]");
  if (!place || !button || button.dataset.says === undefined) return;
  const ticked = button.dataset.counts && document.querySelectorAll(`${button.dataset.counts}:checked`).length;
  place.textContent = button.dataset.says.replace("%s", ticked);
}, true);
