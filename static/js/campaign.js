// The campaign's form: values inserted where one writes, variants added and removed.
"use strict";
(() => {
  const form = document.getElementById("campaign-form");
  const variants = document.getElementById("variants");
  let writing = form.elements.namedItem("message");

  const changed = (element) => element.dispatchEvent(new Event("input", { bubbles: true }));
  const tell = () => { form.dataset.variants = variants.children.length ? "some" : "none"; };

  form.addEventListener("focusin", (event) => {
    if (event.target.matches("textarea")) writing = event.target;
  });
  form.addEventListener("click", (event) => {
    const insert = event.target.closest("[data-insert]");
    const remove = event.target.closest("[data-remove]");
    if (insert) {
      if (!writing.isConnected) writing = form.elements.namedItem("message");
      writing.setRangeText(insert.dataset.insert, writing.selectionStart, writing.selectionEnd, "end");
      writing.focus();
      changed(writing);
    } else if (remove) {
      remove.parentElement.remove();
      tell();
      changed(form);
    } else if (event.target.closest("#add-variant")) {
      variants.append(document.getElementById("variant").content.cloneNode(true));
      tell();
      variants.lastElementChild.querySelector("textarea").focus();
    }
  });
  tell();
})();
