// Placeholders in texts: a click on a chip writes one, and "{" offers those that fit what follows it.
"use strict";
(() => {
  const chips = document.getElementById("columns");
  const form = document.getElementById("step-form");
  let writing = form.elements.namedItem("message");
  let list = null;
  let at = -1;

  const changed = () => writing.dispatchEvent(new Event("input", { bubbles: true }));
  const write = (text, from) => {
    writing.setRangeText(text, from, writing.selectionEnd, "end");
    writing.focus();
    changed();
  };

  const close = () => {
    if (!list) return;
    list.remove();
    list = null;
    for (const name of ["aria-controls", "aria-activedescendant"]) writing.removeAttribute(name);
  };
  const mark = (place) => {
    at = (place + list.children.length) % list.children.length;
    [...list.children].forEach((option, number) => option.setAttribute("aria-selected", number === at));
    writing.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  };
  const begun = () => /\{([^{}|\n]*)$/.exec(writing.value.slice(0, writing.selectionStart));
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  const offer = () => {
    close();
    const found = begun();
    if (!found) return;
    const wanted = plain(found[1].trim());
    const names = [...chips.querySelectorAll("[data-insert]")].map((chip) => chip.dataset.insert)
      .filter((name) => plain(name).includes(wanted) && name !== `{${found[1]}`).slice(0, 8);
    if (!names.length) return;
    list = document.createElement("ul");
    list.id = "placeholders";
    list.className = "completions";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", chips.getAttribute("aria-label"));
    list.append(...names.map((name, number) => {
      const option = document.createElement("li");
      option.id = `placeholder-${number}`;
      option.setAttribute("role", "option");
      option.textContent = name;
      return option;
    }));
    writing.after(list);
    writing.setAttribute("aria-controls", list.id);
    mark(0);
  };
  const take = (option) => {
    const found = begun();
    if (!found) { close(); return; } // one went elsewhere meanwhile
    const from = writing.selectionStart - found[0].length;
    const closing = writing.value[writing.selectionEnd] === "}" ? 1 : 0;
    writing.selectionEnd += closing;
    const name = option.textContent;
    close();
    write(name, from);
    close();
  };

  form.addEventListener("focusin", (event) => {
    if (!event.target.matches("textarea") || event.target === writing) return;
    close();
    writing = event.target;
  });
  form.addEventListener("input", (event) => { if (event.target === writing && event.isTrusted) offer(); });
  form.addEventListener("keydown", (event) => {
    if (!list || event.target !== writing || /^(Shift|Control|Alt|AltGraph|Meta)$/.test(event.key)) return;
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) take(list.children[at]);
    else if (event.key === "Escape") close();
    else { close(); return; } // what is written opens it again, as far as it fits
    event.preventDefault();
  });
  form.addEventListener("focusout", () => setTimeout(() => { if (document.activeElement !== writing) close(); }, 150));
  addEventListener("mousedown", (event) => {
    const option = event.target.closest(".completions li");
    if (option) { event.preventDefault(); take(option); } else close();
  });
  chips.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-insert]");
    if (!chip) return;
    if (!writing.isConnected) writing = form.elements.namedItem("message");
    write(chip.dataset.insert, writing.selectionStart);
  });
})();
