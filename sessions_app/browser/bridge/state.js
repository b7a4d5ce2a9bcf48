// What the page is now, as plain JSON.

const phase = () =>
  quiet(() => (WPP.isFullReady ? "full" : WPP.isReady ? "ready" : WPP.isInjected ? "injected" : ""), "");

function state() {
  const { id, since } = login();
  return {
    epoch,
    now: Date.now(),
    phase: phase(),
    ...stream(),
    authenticated: authenticated(),
    wid: ownWid(),
    lid: ownLid(),
    login: id,
    login_since: since,
    born: born(),
    qr,
    link_code: linkCode.until > Date.now() ? linkCode.code : "",
    link_code_until: linkCode.until,
    version: quiet(() => String(globalThis.Debug?.VERSION ?? ""), ""),
    supported: quiet(() => String(WPP.supportedWhatsappWeb), ""),
    events: buffer.length,
    lost,
    unconfirmed: overdue(),
    code: String(globalThis.whatsmassiveCode ?? ""),
    notices: notices(),
  };
}
