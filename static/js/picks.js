// Debtors that are ticked in their list, kept from page to page and from search to search, or all of a list: for a new
// campaign, and for what is done with many at once.
"use strict";
(() => {
  const bar = document.getElementById("pick-bar");
  if (!bar) return;
  const KEY = "debtors";
  const SENT = "debtors-sent";
  sessionStorage.removeItem(SENT);
  const most = Number(bar.dataset.most);
  const chosen = new Set(JSON.parse(sessionStorage.getItem(KEY) || "[]"));
  let everything = null; // the query of the list of which all are meant
  const list = () => document.getElementById("list");
  const boxes = () => [...document.querySelectorAll("[data-pick]")];

  const show = () => {
    // Of another list they are not meant any more.
    if (everything !== null && list().dataset.query !== everything) everything = null;
    const all = everything !== null;
    for (const box of boxes()) { box.checked = all || chosen.has(box.dataset.pick); }
    const head = document.querySelector("[data-pick-all]");
    if (head) {
      const here = boxes().filter((box) => box.checked).length;
      head.checked = here > 0 && here === boxes().length;
      head.indeterminate = here > 0 && here < boxes().length;
    }
    bar.hidden = chosen.size === 0 && !all;
    const number = chosen.size.toLocaleString(document.documentElement.lang);
    bar.querySelector("[data-number]").textContent = all ? list().dataset.everything : number;
    bar.querySelector("[data-full]").hidden = all || chosen.size < most;
  };
  const put = (key, wanted) => {
    if (!wanted) chosen.delete(key);
    else if (chosen.size < most) chosen.add(key);
  };
  const keep = () => {
    if (chosen.size) sessionStorage.setItem(KEY, JSON.stringify([...chosen]));
    else sessionStorage.removeItem(KEY);
    show();
  };

  addEventListener("change", (event) => {
    const { target } = event;
    if (!target.matches("[data-pick], [data-pick-all]")) return;
    // Who takes one away of all means those of the page that are left.
    if (everything !== null) for (const box of boxes()) put(box.dataset.pick, true);
    everything = null;
    if (target.matches("[data-pick]")) put(target.dataset.pick, target.checked);
    else for (const box of boxes()) put(box.dataset.pick, target.checked);
    keep();
  });
  addEventListener("click", (event) => {
    if (!event.target.closest("[data-pick-everything]")) return;
    everything = list().dataset.query;
    show();
  });
  bar.querySelector("[data-none]").addEventListener("click", () => { chosen.clear(); everything = null; keep(); });
  bar.addEventListener("submit", (event) => {
    const button = event.submitter;
    for (const input of bar.querySelectorAll("[name=pk]")) input.remove();
    const all = everything !== null;
    bar.elements.namedItem("filter").value = all ? everything : "";
    bar.elements.namedItem("debtors").value = all ? "" : [...chosen].join(",");
    if (all && button && button.dataset.forAll) button.formAction = button.dataset.forAll;
    else if (button && button.dataset.forAll) button.removeAttribute("formaction");
    if (!all && button && "each" in button.dataset) {
      for (const key of chosen) {
        const input = document.createElement("input");
        Object.assign(input, { type: "hidden", name: "pk", value: key });
        bar.append(input);
      }
    }
    if (!all) sessionStorage.setItem(SENT, "1"); // where it leads to forgets them: whoever is refused finds them here
  });
  document.body.addEventListener("htmx:afterSettle", show);
  show();
})();
