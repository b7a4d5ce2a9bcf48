// The kinds of jobs: what each is called by, and what does it.

async function typing({ chat, ms = 0 }) {
  await bounded(WPP.chat.find(chat), CALL_MS, "typing_timeout");
  await bounded(WPP.chat.markIsComposing(chat, ms), ms + CALL_MS, "typing_timeout");
}

const KINDS = {
  send,
  look,
  file: keepFile,
  check,
  qr_refresh: refreshQr,
  link_code: requestLinkCode,
  cancel_link: cancelLink,
  logout: ({ ms = CALL_MS / 2 }) => bounded(WPP.conn.logout(), ms, "logout_timeout"),
  typing,
};
