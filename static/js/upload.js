// A file that is too large is refused before it is sent; and while one is sent, the page says so.
"use strict";
(() => {
  const form = document.querySelector("form[data-upload]");
  const input = form && form.querySelector("input[type=file][data-max-bytes]");
  if (!input) return;
  const fits = () => {
    const file = input.files[0];
    const tooLarge = Boolean(file) && file.size > Number(input.dataset.maxBytes);
    input.setCustomValidity(tooLarge ? input.dataset.tooLarge : "");
    return !tooLarge;
  };
  input.addEventListener("change", () => { if (!fits()) input.reportValidity(); });
  form.addEventListener("submit", () => { form.querySelector("[data-sending]").hidden = false; });
})();
