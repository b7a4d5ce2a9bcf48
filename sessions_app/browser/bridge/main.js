// WhatsMassive in WhatsApp Web's page, over wa-js: its state as plain JSON, a buffer of events, and jobs that are
// started and asked for. No call waits. Nothing here talks to the network. The other parts only say how; this one, the
// last of them, sets them to work: once a second, and when wa-js tells something.

function tick() {
  if (!quiet(() => WPP.isReady, false)) return;
  born();
  login();
  lookAtCodes();
  if (!connected()) {
    noteDisconnected();
    return;
  }
  lookBackWhenDue();
  lookAtWaiting();
  keepHeard();
}

WPP.on("conn.stream_mode_changed", tick);
WPP.on("conn.stream_info_changed", tick);
WPP.on("loader.full_ready", tick);
WPP.on("conn.auth_code_change", keepQr);
WPP.on("conn.qrcode_idle", () => {
  keepQr(null);
  notice("qr_idle");
});
WPP.on("conn.link_code_change", keepLinkCode);
WPP.on("conn.link_code_expired", () => {
  dropLinkCode();
  notice("link_code_expired");
});
WPP.on("conn.link_code_error", () => {
  dropLinkCode();
  notice("link_code_error");
});
WPP.on("conn.needs_update", () => notice("needs_update"));
WPP.on("conn.backend_event", (event) => event !== "logout" && notice(String(event))); // that one comes with its reason
WPP.on("conn.logout_reason", (reason) => notice(`logout:${reason}`));
WPP.on("chat.new_message", (message) => hear(message));
WPP.on("chat.msg_ack_change", hearAck);
quiet(forgetOldest);
born();
setInterval(tick, 1000);

// All that is seen from outside.
const bridge = Object.freeze({ state, drain, acknowledge, start, result });
