// The codes that a phone links this page by: the QR's text, and the one with letters.

const LINK_CODE_MS = 195_000;

let qr = "";
let linkCode = { code: "", until: 0 };

function keepQr(code) {
  qr = code?.fullCode ?? "";
}

function keepLinkCode(code) {
  linkCode = { code, until: Date.now() + LINK_CODE_MS };
}

function dropLinkCode() {
  linkCode = { code: "", until: 0 };
}

// At every tick: no code is shown where there is none any more.
function lookAtCodes() {
  if (stream().mode === "QR" && !authenticated()) {
    WPP.conn.getAuthCode().then(keepQr, () => keepQr(null));
  } else {
    keepQr(null);
    if (authenticated()) dropLinkCode();
  }
}

async function refreshQr() {
  keepQr(await bounded(WPP.conn.refreshQR(), CALL_MS, "qr_timeout"));
  return qr;
}

async function requestLinkCode({ phone }) {
  const code = await bounded(WPP.conn.startLinkDeviceCodeForPhoneNumber(phone), CALL_MS, "link_code_timeout");
  if (linkCode.code !== code) keepLinkCode(code);
  return linkCode;
}

function cancelLink() {
  WPP.conn.cancelLinkDeviceCode();
  dropLinkCode();
}
