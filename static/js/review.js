// Keys of the replies that wait: O and N decide about the first one, Z takes the last decision back.
"use strict";
(() => {
  const BUTTONS = {
    o: '.review [name="verdict"][value="out"]',
    n: '.review [name="verdict"][value="not"]',
    z: '.notice [name="verdict"][value="undo"]',
  };
  let going = 0;

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, textarea, select, dialog")) return;
    if (event.key === "g") { going = Date.now(); return; } // "g o" goes to a page of the menu
    if (Date.now() - going < 1500) return;
    const button = BUTTONS[event.key] && document.querySelector(BUTTONS[event.key]);
    if (button && !button.disabled) button.click();
  });
})();
