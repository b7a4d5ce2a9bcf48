// A conversation: stays at its last message, sends by Ctrl + Enter, and warns of a line that the person does not know.
"use strict";
(() => {
  const box = document.querySelector("[data-chat]");
  const toEnd = () => { box.scrollTop = box.scrollHeight; };
  const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  if (box) {
    // Whoever reads what is above is left there; whoever is at the end stays at it.
    let follows = true;
    box.addEventListener("scroll", () => { follows = atEnd(); });
    new ResizeObserver(() => { if (follows) toEnd(); }).observe(box);
    document.body.addEventListener("htmx:wsAfterMessage", () => { if (follows) toEnd(); });
    toEnd();
  }

  addEventListener("keydown", (event) => {
    const field = event.target.closest("[data-ctrl-enter]");
    if (!field || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const button = field.form.querySelector("button:not([type=button])");
    if (!button.disabled) field.form.requestSubmit(button);
  });

  const line = document.querySelector("select[data-known]");
  const hint = document.querySelector("[data-other]");
  if (line && hint) {
    const warn = () => {
      hint.hidden = !line.dataset.known || line.value === line.dataset.known;
      const waits = document.querySelector("[data-waits]");
      if (waits) waits.hidden = line.value !== waits.dataset.waits;
    };
    line.addEventListener("change", warn);
    warn();
  }
})();
