// What a person sees who opens the page: its state, and the code's text to be copied into the control page.

import { Conn, Stream, me } from "./stores.js";

export function show() {
  const state = document.getElementById("state");
  const hint = document.getElementById("hint");
  const draw = () => {
    state.textContent = `${Stream.mode} / ${Stream.info}`;
    if (me.wid) hint.textContent = `Linked to ${me.wid.user}`;
    else if (Conn.ref) hint.textContent = `Scan this code with a phone: ${Conn.ref}`;
    else hint.textContent = "";
  };
  for (const model of [Stream, Conn]) for (const name of ["mode", "info", "ref"]) model.on("change:" + name, draw);
  draw();
}
