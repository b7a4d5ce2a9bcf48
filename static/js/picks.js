// Debtors that are ticked in their list, kept from page to page and from search to search, for a new campaign.
"use strict";
(() => {
  const bar = document.getElementById("pick-bar");
  if (!bar) return;
  const KEY = "debtors";
  const SENT = "debtors-sent";
  sessionStorage.removeItem(SENT);
  const most = Number(bar.dataset.most);
  const chosen = new Set(JSON.parse(sessionStorage.getItem(KEY) || "[]"));
  const boxes = () => [...document.querySelectorAll("[data-pick]")];

  const show = () => {
    for (const box of boxes()) box.checked = chosen.has(box.dataset.pick);
    const all = document.querySelector("[data-pick-all]");
    if (all) {
      const here = boxes().filter((box) => box.checked).length;
      all.checked = here > 0 && here === boxes().length;
      all.indeterminate = here > 0 && here < boxes().length;
    }
    bar.hidden = chosen.size === 0;
    bar.querySelector("[data-number]").textContent = chosen.size.toLocaleString(document.documentElement.lang);
    bar.querySelector("[data-full]").hidden = chosen.size < most;
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
    if (target.matches("[data-pick]")) put(target.dataset.pick, target.checked);
    else if (target.matches("[data-pick-all]")) for (const box of boxes()) put(box.dataset.pick, target.checked);
    else return;
    keep();
  });
  bar.querySelector("[data-none]").addEventListener("click", () => { chosen.clear(); keep(); });
  bar.addEventListener("submit", () => {
    bar.elements.namedItem("debtors").value = [...chosen].join(",");
    sessionStorage.setItem(SENT, "1"); // the draft's page forgets them: whoever is refused finds them here again
  });
  document.body.addEventListener("htmx:afterSettle", show);
  show();
})();
