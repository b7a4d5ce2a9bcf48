// A conversation: stays at its last message or begins at what is new, keeps its place when earlier ones come, and warns
// of a line that the person does not know. It is put in the place of another one without the page being loaded anew.
"use strict";
(() => {
  let box = null;
  let follows = true;
  let watched = null;
  const toEnd = () => { box.scrollTop = box.scrollHeight; };
  const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const follow = () => { if (box && follows) toEnd(); };

  const begin = () => {
    const found = document.querySelector("[data-chat]");
    if (found === box) return;
    if (watched) watched.disconnect();
    box = found;
    if (!box) return;
    // Whoever reads what is above is left there; whoever is at the end stays at it.
    box.addEventListener("scroll", () => { follows = atEnd(); });
    const place = document.getElementById(location.hash.slice(1)) || box.querySelector("[data-unread]");
    toEnd();
    if (place && box.contains(place)) {
      box.scrollTop += place.getBoundingClientRect().top - box.getBoundingClientRect().top - 8;
    }
    follows = atEnd();
    watched = new ResizeObserver(follow);
    for (const part of [box, ...box.children]) watched.observe(part); // a picture that comes makes it longer
  };

  // Earlier messages come in above: what is read stays where it is.
  let below = null;
  const { body } = document;
  body.addEventListener("htmx:beforeSwap", (event) => {
    if (box && event.detail.target.matches("[data-older]")) below = box.scrollHeight - box.scrollTop;
  });
  body.addEventListener("htmx:afterSwap", () => {
    if (below !== null && box) box.scrollTop = box.scrollHeight - below;
    below = null;
    begin();
    warn();
  });
  body.addEventListener("htmx:wsAfterMessage", follow);

  addEventListener("keydown", (event) => {
    const field = event.target.closest("[data-ctrl-enter]");
    if (!field || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const button = field.form.querySelector(".btn-primary");
    if (!button.disabled) field.form.requestSubmit(button);
  });

  const warn = () => {
    const line = document.querySelector("select[data-known]");
    if (!line) return;
    const { form } = line;
    form.querySelector("[data-other]").hidden = !line.dataset.known || line.value === line.dataset.known;
    const waits = form.querySelector("[data-waits]");
    if (waits) waits.hidden = line.value !== waits.dataset.waits;
    const file = form.elements.namedItem("file").files[0];
    const kept = form.elements.namedItem("kept") && !form.elements.namedItem("drop").checked;
    const shown = form.querySelector("[data-file]");
    shown.hidden = !file;
    shown.querySelector("[data-file-name]").textContent = file ? file.name : "";
    form.querySelector("[data-no-file]").hidden = !((file || kept) && line.dataset.sms.split(" ").includes(line.value));
  };
  addEventListener("change", (event) => { if (event.target.closest("#reply")) warn(); });
  addEventListener("click", (event) => {
    const drop = event.target.closest("[data-file-drop]");
    if (!drop) return;
    const { form } = document.getElementById("id_file");
    form.elements.namedItem("file").value = "";
    form.elements.namedItem("text").focus();
    warn();
  });
  addEventListener("paste", (event) => { // a picture from the clipboard goes along as a file does
    const form = event.target.closest("#reply");
    if (!form || !event.clipboardData.files.length) return;
    event.preventDefault();
    form.elements.namedItem("file").files = event.clipboardData.files;
    warn();
  });
  begin();
  warn();
})();
