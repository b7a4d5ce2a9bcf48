// WhatsApp Web's models, as far as wa-js looks at them: a chat, a contact, a message.

import { Model } from "./shapes.js";

// The names of these classes' proxies are how wa-js tells their modules apart.
export class ChatModel extends Model {}
ChatModel.prototype.proxyName = "chat";

export class ContactModel extends Model {}
ContactModel.prototype.proxyName = "contact";

export class MsgModel extends Model {
  constructor(attributes) {
    super(attributes);
    // A store's listeners hear of the changes of all its messages.
    this.stores = [];
  }

  msgContextInfo() {
    return {};
  }

  set(name, value) {
    if (this[name] === value) return;
    super.set(name, value);
    for (const store of this.stores) store.trigger("change:" + name, this, value);
  }

  updateAck(ack) {
    this.set("ack", ack);
  }

  // Models are live objects with ways back to their stores; what leaves them for JSON is their data.
  toJSON() {
    return Object.fromEntries(Object.entries(this).filter(([name]) => name !== "stores" && name !== "mediaData"));
  }
}
MsgModel.prototype.proxyName = "msg";
