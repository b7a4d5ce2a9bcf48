// Wide tables: one that fits its place has a head that stays below the top bar; one that does not scrolls sideways,
// with the keyboard too.
"use strict";
(() => {
  const inside = "a[href], button, input, select, textarea, summary, [tabindex]";
  let due = 0;
  const bar = document.querySelector(".topbar");
  const mark = () => {
    due = 0;
    document.documentElement.style.setProperty("--topbar", `${bar.offsetHeight}px`);
    for (const wrap of document.querySelectorAll(".table-wrap")) {
      wrap.classList.remove("fits"); // it would stretch what is around it, and fit for that
      const fits = wrap.scrollWidth <= wrap.clientWidth;
      wrap.classList.toggle("fits", fits);
      if (!fits && !wrap.querySelector(inside)) wrap.tabIndex = 0;
      else if (wrap.hasAttribute("tabindex")) wrap.removeAttribute("tabindex");
    }
  };
  const soon = () => { due ||= requestAnimationFrame(mark); };
  mark();
  addEventListener("resize", soon);
  addEventListener("toggle", soon, true); // what was folded has no width
  for (const name of ["htmx:load", "htmx:oobAfterSwap"]) document.body.addEventListener(name, soon);
})();
