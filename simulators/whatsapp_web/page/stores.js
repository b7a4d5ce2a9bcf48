// The page's stores, and who is logged in.

import { Collection, Emitter, Model } from "./shapes.js";

export class MsgCollectionImpl extends Collection {
  add(message) {
    if (!message.stores.includes(this)) message.stores.push(this);
    return super.add(message);
  }

  processMultipleMessages() {}
}
export class ChatCollectionImpl extends Collection {}
export class ContactCollectionImpl extends Collection {}
export class GroupMetadataCollectionImpl extends Collection {}
export class PresenceCollectionImpl extends Collection {}

// wa-js asks it for the receipts of each participant; a chat of two has none but its ack.
export class MsgInfoCollectionImpl extends Collection {
  async find() {
    return { delivery: [], read: [], played: [], deliveryRemaining: 0, readRemaining: 0, playedRemaining: 0 };
  }
}

export const MsgStore = new MsgCollectionImpl();
export const ChatStore = new ChatCollectionImpl();
export const ContactStore = new ContactCollectionImpl();
export const GroupMetadataStore = new GroupMetadataCollectionImpl();
export const PresenceStore = new PresenceCollectionImpl();
export const MsgInfoStore = new MsgInfoCollectionImpl();

export const Cmd = new Emitter();
Cmd.isMainLoaded = false;
export const Stream = new Model({ mode: "SYNCING", info: "OPENING", available: true, needsUpdate: false });
Stream.markAvailable = () => {};
Stream.markUnavailable = () => {};
export const Socket = new Model({ state: "OPENING" });
export const Conn = new Model({ ref: null, connected: false, pushname: "" });
export const Network = new Model({ online: true });
Network.checkOnline = () => {};
export const BackendEventBus = new Emitter();
export const LinkDeviceEvents = new Emitter();
LinkDeviceEvents.triggerRefreshAltLinkingCode = () => {};

// Who is logged in. `keys` are of the profile, and are there before anybody is.
export const me = { wid: undefined, lid: undefined, keys: { static: "", identity: "", secret: "" } };
