// WhatsApp Web's modules as far as wa-js needs them, under names that are theirs or close to them. wa-js finds a module
// by what it exports, so the exports are what must be right.

import { ask, tell } from "./link.js";
import { ChatModel, ContactModel, Emitter, MsgModel } from "./models.js";
import { MsgKey, Wid, widOf } from "./ids.js";
import { OpaqueData, preparer } from "./media.js";
import * as stores from "./stores.js";
import * as session from "./session.js";
import * as outbox from "./outbox.js";

export const VERSION = "2.3000.1045818043";
const MEBIBYTE = 1024 * 1024;
const UPLOAD_LIMITS = { image: 16 * MEBIBYTE, video: 64 * MEBIBYTE, audio: 16 * MEBIBYTE, document: 64 * MEBIBYTE };

const { me, MsgStore, ChatStore } = stores;

// wa-js shows the keys in base64, so what is kept as base64 is given to it as the bytes.
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

async function findOrCreateLatestChat(wid) {
  const home = ChatStore.get(wid) ?? ChatStore.get(stores.lidOf(wid) ?? "");
  if (home) return { chat: { id: home.id }, created: false };
  const { chat } = await ask({ op: "chat", wid: String(wid) });
  return { chat: { id: stores.chatFrom(chat).id }, created: true };
}

// What the server said last of repeated ids; it has to be asked before each send, because it may change its mind.
let duplicates = "refuse";

async function send(chat, raw, data = "") {
  const asked = ask({ op: "known", id: raw.id.id });
  const answer = await asked.catch(() => ({ duplicates, known: false }));
  duplicates = answer.duplicates;
  // What waits in the outbox is known here only.
  if (duplicates === "refuse" && (answer.known || MsgStore.get(raw.id))) {
    throw Object.assign(new Error(`DuplicateMessageError: ${raw.id}`), { name: "DuplicateMessageError" });
  }
  const message = new MsgModel(raw);
  stores.keep(message, chat);
  chat.lastReceivedKey = message.id;
  const { type, body, caption, filename, mimetype, size, t } = raw;
  const entry = { id: raw.id.id, chat: String(chat.id), type, body, caption, filename, mimetype, size, t, data };
  return [Promise.resolve(message), outbox.add(entry)];
}

async function queryWidExists(wid) {
  const found = await ask({ op: "exists", wid: String(wid) });
  if (!found.exists) return null;
  stores.learn(found);
  return { wid, biz: false };
}

// One parameter: wa-js counts them to know how to call it.
function getSearchContext({ chat, msgKey }) {
  const key = typeof msgKey === "string" ? MsgKey.fromString(msgKey) : msgKey;
  const load = async () => {
    const { message } = await ask({ op: "lookup", chat: String(chat.id), id: key.id });
    if (message && message.from_me === key.fromMe) stores.messageFrom(message, chat);
  };
  return { collection: { loadAroundPromise: load(), get: (id) => MsgStore.get(id) } };
}

async function msgFindByDirection({ anchor, count, direction }) {
  const chat = ChatStore.get(anchor.remote);
  // JSON has no infinity, which is how wa-js asks for all.
  const wanted = count === Infinity ? -1 : Math.max(count, 0);
  const { messages } = await ask({ op: "history", chat: String(chat.id), id: anchor.id, count: wanted, direction });
  return { messages: messages.map((one) => stores.messageFrom(one, chat)) };
}

const typing = (state) => async (chat) => tell({ op: "presence", chat: String(chat.id), state });

export const modules = {
  WAWebCmd: { Cmd: stores.Cmd, CmdImpl: Emitter },
  WAWebStreamModel: { Stream: stores.Stream },
  WAWebSocketModel: { Socket: stores.Socket },
  WAWebConnModel: { Conn: stores.Conn },
  WAWebNetworkStatus: { default: stores.Network },
  WAWebSocketConstants: {
    SOCKET_STATE: { OPENING: "OPENING", UNPAIRED: "UNPAIRED", UNPAIRED_IDLE: "UNPAIRED_IDLE", CONNECTED: "CONNECTED" },
    SOCKET_STREAM: { CONNECTED: "CONNECTED" },
    WATCHED_SOCKET_STATE: { OPEN: "OPEN" },
  },
  WAWebAck: {
    ACK: { FAILED: -1, CLOCK: 0, SENT: 1, RECEIVED: 2, READ: 3, PLAYED: 4 },
    EDIT_ATTR: { SENDER_REVOKE: 7 },
    ACK_STRING: { SENDER: "sender" },
  },
  WAWebBackendEventBus: {
    BackendEventBus: stores.BackendEventBus,
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
  WAWebUserPrefsMeUser: {
    getMaybeMePnUser: () => me.wid,
    getMaybeMeLidUser: () => me.lid,
    getMaybeMeUser: () => me.wid,
    getMeUser: () => me.wid,
    getMePnUserOrThrow: () => me.wid ?? raise("nobody is logged in"),
    getMeLidUserOrThrow: () => me.lid ?? raise("nobody is logged in"),
    isMeAccount: (wid) => Boolean(me.wid?.equals(wid) || me.lid?.equals(wid)),
  },
  WAWebAuthStore: { isLoggedIn: session.isLoggedIn },
  WAWebRegistration: { isRegistered: session.isLoggedIn },
  WAWebWid: { default: Wid },
  WAWebWidFactory: {
    createWid: widOf,
    createUserWidOrThrow: (user, server) => widOf(String(user).includes("@") ? user : `${user}@${server ?? "c.us"}`),
    isWidlike: (value) => value instanceof Wid,
    createWidFromWidLike: widOf,
  },
  WAWebMsgKey: { default: MsgKey },
  WAWebMsgModel: { MsgModel, Msg: MsgModel, default: MsgModel },
  WAWebChatModel: { Chat: ChatModel, default: ChatModel },
  WAWebContactModel: { Contact: ContactModel, default: ContactModel },
  WAWebMsgCollection: { MsgCollectionImpl: stores.MsgCollectionImpl, MsgCollection: MsgStore },
  WAWebChatCollection: { ChatCollectionImpl: stores.ChatCollectionImpl, ChatCollection: ChatStore },
  WAWebContactCollection: {
    ContactCollectionImpl: stores.ContactCollectionImpl,
    ContactCollection: stores.ContactStore,
  },
  WAWebGroupMetadataCollection: {
    GroupMetadataCollectionImpl: stores.GroupMetadataCollectionImpl,
    default: stores.GroupMetadataStore,
  },
  // These two export the collections themselves under the names of their classes, and so wa-js reads them.
  WAWebPresenceCollection: { PresenceCollectionImpl: stores.PresenceStore },
  WAWebMsgInfoCollection: { MsgInfoCollectionImpl: stores.MsgInfoStore },
  WAWebBuildVersion: { SANITIZED_VERSION_STR: VERSION },
  WAWebBuildConstants: {
    VERSION_STR: VERSION,
    VERSION_PRIMARY: "2",
    VERSION_SECONDARY: "3000",
    VERSION_TERTIARY: VERSION.split(".")[2],
  },
  WAWebNoiseInfo: { waNoiseInfo: { get: async () => ({ staticKeyPair: { pubKey: bytesOf(me.keys.static) } }) } },
  WAWebSignalStore: {
    waSignalStore: { getRegistrationInfo: async () => ({ identityKeyPair: { pubKey: bytesOf(me.keys.identity) } }) },
  },
  WAWebADV: { getADVSecretKey: () => me.keys.secret, setADVSignedIdentity() {} },
  WABase64: { encodeB64: (bytes) => btoa(String.fromCharCode(...bytes)), decodeB64: bytesOf },
  WAWebFindChatAction: { findOrCreateLatestChat },
  WAWebEphemeralFields: { getEphemeralFields: () => ({}) },
  WATimeUtils: { unixTime: () => Math.floor(Date.now() / 1000), unixTimeMs: () => Date.now() },
  WAWebUpdateUnreadChatAction: {
    markUnread() {},
    async sendSeen({ chat }) {
      chat.set("unreadCount", 0);
      tell({ op: "seen", chat: String(chat.id) });
    },
  },
  WAWebLinkify: { findFirstWebLink: (text) => /https?:\/\/\S+/.exec(text)?.[0] ?? null },
  // WhatsApp's own preview asks its server, which has none here; wa-js puts other servers before it.
  WAWebLinkPreview: { getLinkPreview: (link) => modules.WAWebMinimalLinkPreview.genMinimalLinkPreview(link) },
  WAWebMinimalLinkPreview: { genMinimalLinkPreview: async () => null },
  WAWebChatPresence: {
    markComposing: typing("composing"),
    markRecording: typing("recording"),
    markPaused: typing("paused"),
  },
  WAWebHandleMsgSimpleReceipt: { handleChatSimpleReceipt: session.handleChatSimpleReceipt },
  WAWebLinkDeviceEvents: { WAWebLinkDeviceEvents: stores.LinkDeviceEvents },
  WAWebAltDeviceLinking: {
    initializeAltDeviceLinking: async () => {},
    genLinkDeviceCodeForPhoneNumber: async (phone) => (await ask({ op: "link_code", phone })).code,
  },
  WAWebApiContact: {
    getCurrentLid: stores.lidOf,
    getPhoneNumber: stores.phoneOf,
    lidPnCache: { getCurrentLid: stores.lidOf, getPhoneNumber: stores.phoneOf },
  },
  WAWebQueryExistsJob: { queryWidExists, queryPhoneExists: queryWidExists },
  WAWebSendMsgChatAction: { addAndSendMsgToChat: send },
  WAWebChatMessageSearch: { getSearchContext },
  WAWebDBMessageFind: {
    msgFindByDirection,
    msgFindBefore: (asked) => msgFindByDirection({ ...asked, direction: "before" }),
    msgFindAfter: (asked) => msgFindByDirection({ ...asked, direction: "after" }),
  },
  WAWebMediaOpaqueData: { default: OpaqueData },
  WAWebPrepRawMedia: { uploadProductImage() {}, MediaPrep: class {}, prepRawMedia: preparer(send) },
  WAWebMediaGating: { getUploadLimit: (kind) => UPLOAD_LIMITS[kind] ?? UPLOAD_LIMITS.document },
};

function raise(text) {
  throw new Error(text);
}

stores.Cmd.refreshQR = () => tell({ op: "refresh_qr" });
// Without a connection nothing answers, and `conn.logout()` waits for ever: so does the real one.
stores.Socket.logout = () => tell({ op: "logout" });
stores.Socket.poke = () => tell({ op: "refresh_qr" });
