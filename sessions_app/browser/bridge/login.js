// Who is logged in, and how the connection is.

const stream = () => ({ mode: "", info: "", ...quiet(() => WPP.conn.getStreamData(), {}) });
const connected = ({ mode, info } = stream()) =>
  quiet(() => WPP.isReady, false) && mode === "MAIN" && info === "NORMAL";
const authenticated = () => Boolean(quiet(() => WPP.isReady && WPP.conn.isAuthenticated(), false));
const ownWid = () => (authenticated() ? quiet(() => String(WPP.conn.getMyUserWid()), "") : "");
const ownLid = () => (authenticated() ? quiet(() => String(WPP.conn.getMyUserLid()), "") : "");

// A login is another one when the profile was wiped, when a code was shown, and when the account is another.
function login() {
  const { mode } = stream();
  let kept = read(local, "login");
  if (mode === "QR" && kept && quiet(() => WPP.isReady, false) && !authenticated()) {
    local.removeItem(name("login"));
    kept = null;
  }
  const wid = mode === "MAIN" ? ownWid() : "";
  if (wid && kept?.wid !== wid) {
    kept = { id: random(), since: Date.now(), wid };
    quiet(() => write(local, "login", kept));
  }
  return kept ?? { id: "", since: 0 };
}
