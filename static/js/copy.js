// Copies what a field shows: <button data-copy="its id" data-done="what the button says then">.
"use strict";
addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    if (!document.execCommand("copy")) return; // it is selected, at least
  }
  button.querySelector("span").textContent = button.dataset.done;
});
