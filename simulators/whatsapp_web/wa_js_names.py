"""Every name of wa-js that the product uses, as data: a test holds them against the bundle and the stand-in."""

FUNCTIONS = (
    "conn.getStreamData",
    "conn.getAuthCode",
    "conn.refreshQR",
    "conn.startLinkDeviceCodeForPhoneNumber",
    "conn.refreshLinkDeviceCode",
    "conn.cancelLinkDeviceCode",
    "conn.logout",
    "conn.getMyUserWid",
    "conn.getMyUserLid",
    "conn.isAuthenticated",
    "conn.isMainReady",
    "contact.queryWidExists",
    "contact.getPnLidEntry",
    "chat.find",
    "chat.list",
    "chat.generateMessageID",
    "chat.sendTextMessage",
    "chat.sendFileMessage",
    "chat.getMessageById",
    "chat.getMessageACK",
    "chat.getMessages",
    "chat.downloadMedia",
    "chat.markIsRead",
    "chat.markIsComposing",
    "chat.markIsPaused",
    "on",
    "onAny",
)

VALUES = {
    "version": "string",
    "supportedWhatsappWeb": "string",
    "isInjected": "boolean",
    "isReady": "boolean",
    "isFullReady": "boolean",
    "loader.loaderType": "string",
    "loader.onReady": "function",
}

EVENTS = (
    "loader.injected",
    "loader.ready",
    "loader.full_ready",
    "conn.authenticated",
    "conn.require_auth",
    "conn.main_ready",
    "conn.stream_mode_changed",
    "conn.stream_info_changed",
    "conn.online",
    "conn.needs_update",
    "conn.backend_event",
    "conn.auth_code_change",
    "conn.qrcode_idle",
    "conn.link_code_change",
    "conn.link_code_expired",
    "conn.link_code_error",
    "conn.logout",
    "conn.logout_reason",
    "chat.new_message",
    "chat.msg_ack_change",
    "chat.presence_change",
)

MODES = (
    "QR",
    "MAIN",
    "SYNCING",
    "OFFLINE",
    "CONFLICT",
    "PROXYBLOCK",
    "TOS_BLOCK",
    "SMB_TOS_BLOCK",
    "DEPRECATED_VERSION",
)

INFOS = ("OFFLINE", "OPENING", "PAIRING", "SYNCING", "RESUMING", "CONNECTING", "NORMAL")
