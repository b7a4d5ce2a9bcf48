// The connection: the stream, the codes that link a page, and the logout.

import { ask, tell } from "../link.js";
import { Emitter } from "../shapes.js";
import { BackendEventBus, Cmd, Conn, LinkDeviceEvents, Network, Socket, Stream } from "../stores.js";

export const connection = {
  WAWebCmd: { Cmd, CmdImpl: Emitter },
  WAWebStreamModel: { Stream },
  WAWebSocketModel: { Socket },
  WAWebConnModel: { Conn },
  WAWebNetworkStatus: { default: Network },
  WAWebSocketConstants: {
    SOCKET_STATE: { OPENING: "OPENING", UNPAIRED: "UNPAIRED", UNPAIRED_IDLE: "UNPAIRED_IDLE", CONNECTED: "CONNECTED" },
    SOCKET_STREAM: { CONNECTED: "CONNECTED" },
    WATCHED_SOCKET_STATE: { OPEN: "OPEN" },
  },
  WAWebBackendEventBus: {
    BackendEventBus,
    BackendEvent: { LOGOUT: "logout", ACCOUNT_TEMPORARILY_BANNED: "account_temporarily_banned" },
  },
  WAWebLogoutReason: {
    getErrorCodeFromLogoutReason: (reason) => (reason === "user_initiated" ? 0 : 1),
    setPrevLogoutReasonCode() {},
    setPrevCustomLogoutMessage() {},
    getPrevLogoutReasonCode() {},
    getPrevCustomLogoutMessage() {},
  },
  WAWebLogoutReasonConstants: {
    LogoutReason: { UserInitiated: "user_initiated", AccountSyncError: "account_sync_error" },
    LOGOUT_REASON_CODE: { user_initiated: 0 },
  },
  WAWebLinkDeviceEvents: { WAWebLinkDeviceEvents: LinkDeviceEvents },
  WAWebAltDeviceLinking: {
    initializeAltDeviceLinking: async () => {},
    genLinkDeviceCodeForPhoneNumber: async (phone) => (await ask({ op: "link_code", phone })).code,
  },
};

Cmd.refreshQR = () => tell({ op: "refresh_qr" });
// Without a connection nothing answers, and `conn.logout()` waits for ever: so does the real one.
Socket.logout = () => tell({ op: "logout" });
Socket.poke = () => tell({ op: "refresh_qr" });
