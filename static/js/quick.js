// Quick replies: "/" in an answer offers those whose name fits what follows; each is also in the menu beside it.
"use strict";
(() => {
  let list = null;
  let at = -1;
  let field = null;
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const replies = () => [...document.querySelectorAll("#quick-replies [data-quick]:not([data-lacks])")];
  const begun = () => /(^|\s)\/([^/\n]{0,40})$/.exec(field.value.slice(0, field.selectionStart));

  const close = () => {
    if (!list) return;
    list.remove();
    list = null;
    for (const name of ["aria-controls", "aria-activedescendant"]) field.removeAttribute(name);
  };
  const mark = (place) => {
    at = (place + list.children.length) % list.children.length;
    [...list.children].forEach((option, number) => option.setAttribute("aria-selected", number === at));
    field.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  };
  const write = (text, from) => {
    field.focus();
    field.setRangeText(text, from, field.selectionEnd, "end");
    close();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const take = (option) => {
    const found = begun();
    if (found) write(option.dataset.quick, field.selectionStart - found[2].length - 1);
    close();
  };

  const offer = () => {
    close();
    const found = begun();
    if (!found) return;
    const wanted = plain(found[2].trim());
    const fitting = replies().filter((each) => plain(each.dataset.name).includes(wanted)).slice(0, 8);
    if (!fitting.length) return;
    list = document.createElement("ul");
    list.id = "quick-offer";
    list.className = "quick-offer";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", document.getElementById("quick-replies").getAttribute("aria-label"));
    list.append(...fitting.map((each, number) => {
      const option = document.createElement("li");
      option.id = `quick-${number}`;
      option.dataset.quick = each.dataset.quick;
      option.setAttribute("role", "option");
      option.append(...[...each.children].map((part) => part.cloneNode(true)));
      return option;
    }));
    field.after(list);
    field.setAttribute("aria-controls", list.id);
    mark(0);
  };

  addEventListener("input", (event) => {
    if (!event.target.matches("#reply textarea")) return;
    field = event.target;
    if (event.isTrusted) offer();
  });
  addEventListener("keydown", (event) => {
    if (!list || event.target !== field || /^(Shift|Control|Alt|AltGraph|Meta)$/.test(event.key)) return;
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter" ? !event.ctrlKey : event.key === "Tab" && !event.shiftKey) take(list.children[at]);
    else if (event.key === "Escape") close();
    else return; // what is written opens it again, as far as it fits
    event.preventDefault();
  });
  addEventListener("focusout", () => setTimeout(() => { if (document.activeElement !== field) close(); }, 150));
  addEventListener("mousedown", (event) => {
    const option = event.target.closest(".quick-offer li");
    if (option) { event.preventDefault(); take(option); }
  });
  addEventListener("click", (event) => {
    const each = event.target.closest("#quick-replies [data-quick]");
    if (!each) return;
    field = document.querySelector("#reply textarea");
    each.closest("details").open = false;
    write(each.dataset.quick, field.selectionStart);
  });
})();
