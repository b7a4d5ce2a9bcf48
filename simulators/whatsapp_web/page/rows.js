// What the control page shows a line of: a browser with its buttons, a message.

function cell(content) {
  const made = document.createElement("td");
  made.append(...[content].flat());
  return made;
}

function button(text, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.onclick = press;
  return made;
}

// A browser; `act` does what its buttons say.
export function rowOf({ profile, connected, state, qr, number, link_code: code, mode, info }, act) {
  const row = document.createElement("tr");
  const buttons = number
    ? [
        button("Log out", () => act("logout", { number, profile })),
        button("Reload", () => act("reload", { profile })),
        button("Ban for a while", () => act("event", { number, profile, event: "account_temporarily_banned" })),
      ]
    : [
        button("Scan", () => {
          document.querySelector('form[data-action="scan"] [name="qr"]').value = qr;
          document.querySelector('form[data-action="scan"] [name="number"]').focus();
        }),
        button("Refuse", () => act("refuse", { qr })),
      ];
  row.append(
    cell(profile.slice(0, 8)),
    cell(connected ? state : `${state}, away`),
    cell(number || code),
    cell(`${mode} ${info}`),
    cell(buttons),
  );
  return row;
}

// A message.
export function lineOf({ from_me: mine, chat, body, caption, filename, type, ack, t }) {
  const line = document.createElement("li");
  const time = new Date(t * 1000).toLocaleTimeString();
  const text = type === "chat" ? body : `[${type}] ${filename} ${caption}`;
  line.textContent = `${time} ${mine ? "→" : "←"} ${chat}: ${text}${mine ? ` (ack ${ack})` : ""}`;
  return line;
}
