// Lists of rows in a form: added from a template, moved up and down, removed. Whoever listens to the form is told.
"use strict";
(() => {
  const tell = (rows) => {
    rows.dataset.number = rows.children.length;
    rows.dispatchEvent(new Event("input", { bubbles: true }));
    [...rows.children].forEach((row, place) => {
      for (const error of row.querySelectorAll("[id^=error-]")) error.id = error.id.replace(/[^-]+$/, place);
    });
  };

  addEventListener("click", (event) => {
    const add = event.target.closest("[data-add]");
    if (add) {
      const rows = add.parentElement.querySelector("[data-rows]");
      rows.append(document.getElementById(add.dataset.add).content.cloneNode(true));
      rows.dataset.number = rows.children.length;
      const row = rows.lastElementChild;
      const place = rows.children.length - 1;
      for (const error of row.querySelectorAll("[id^=error-]")) error.id = error.id.replace(/[^-]+$/, place);
      row.querySelector("textarea, select, input").focus();
      return;
    }
    const row = event.target.closest("[data-rows] > *");
    if (!row) return;
    const rows = row.parentElement;
    const move = event.target.closest("[data-move]");
    if (event.target.closest("[data-remove]")) {
      const near = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      (near ? near.querySelector("textarea, select, input") : rows.parentElement.querySelector("[data-add]")).focus();
      tell(rows);
    } else if (move) {
      if (move.dataset.move === "up" && row.previousElementSibling) row.previousElementSibling.before(row);
      else if (move.dataset.move === "down" && row.nextElementSibling) row.nextElementSibling.after(row);
      move.focus();
      tell(rows);
    }
  });
})();
