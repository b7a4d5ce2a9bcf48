// The theme that was chosen, before anything is painted: what the page says of its user's, else what this browser last
// had. "auto" follows the device.
"use strict";
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // The sign-in page and those of errors know no user: they look as the last page that did.
  if (root.dataset.theme) localStorage.setItem("theme", root.dataset.theme);
  const chosen = () => localStorage.getItem("theme") || "auto";
  const apply = () => {
    const theme = chosen() === "auto" ? (dark.matches ? "dark" : "light") : chosen();
    root.dataset.bsTheme = theme;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen()));
    }
  };
  apply();
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("DOMContentLoaded", apply);
  addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    const theme = button.dataset.themeChoice;
    localStorage.setItem("theme", theme);
    apply();
    const { themeAddress } = button.closest("[data-theme-address]").dataset;
    htmx.ajax("POST", themeAddress, { source: button, values: { theme }, swap: "none" });
  });
})();
