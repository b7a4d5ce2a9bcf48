// A table that is wider than its place, and has nothing in it to focus, can be scrolled with the keyboard.
"use strict";
(() => {
  const inside = "a[href], button, input, select, textarea, summary, [tabindex]";
  let due = 0;
  const mark = () => {
    due = 0;
    for (const wrap of document.querySelectorAll(".table-wrap")) {
      const scrolls = wrap.scrollWidth > wrap.clientWidth && !wrap.querySelector(inside);
      if (scrolls) wrap.tabIndex = 0;
      else if (wrap.hasAttribute("tabindex")) wrap.removeAttribute("tabindex");
    }
  };
  const soon = () => { due ||= requestAnimationFrame(mark); };
  mark();
  addEventListener("resize", soon);
  addEventListener("toggle", soon, true); // what was folded has no width
  for (const name of ["htmx:load", "htmx:oobAfterSwap"]) document.body.addEventListener(name, soon);
})();
