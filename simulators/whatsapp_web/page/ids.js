// Who a chat is with, and which message is meant: WhatsApp's Wid and MsgKey.

export class Wid {
  constructor(user, server) {
    this.user = user;
    this.server = server;
    this._serialized = `${user}@${server}`;
  }

  toString() {
    return this._serialized;
  }

  equals(other) {
    return Boolean(other) && other.toString() === this.toString();
  }

  isUser() {
    return this.server === "c.us" || this.server === "lid";
  }

  isLid() {
    return this.server === "lid";
  }

  isGroup() {
    return this.server === "g.us";
  }

  isBot() {
    return false;
  }

  isNewsletter() {
    return this.server === "newsletter";
  }

  isPSA() {
    return false;
  }

  isStatusV3() {
    return this._serialized === "status@broadcast";
  }

  static isXWid() {
    return false;
  }

  static isWid(value) {
    return value instanceof Wid;
  }
}

export function widOf(value) {
  if (value instanceof Wid) return value;
  const [user, server] = String(value).split("@");
  return new Wid(user, server || "c.us");
}

export class MsgKey {
  constructor(parts) {
    // wa-js finds this class by the text of this error.
    if (!parts) throw new Error("MsgKey error: obj is null/undefined");
    this.fromMe = "selfDir" in parts ? parts.selfDir === "out" : parts.fromMe;
    this.remote = parts.remote || parts.to;
    this.id = parts.id;
    this.participant = parts.participant;
    this._serialized = [this.fromMe, this.remote, this.id, ...(parts.participant ? [parts.participant] : [])].join("_");
  }

  toString() {
    return this._serialized;
  }

  equals(other) {
    return String(other) === this._serialized;
  }

  static fromString(text) {
    const [fromMe, remote, id, participant] = text.split("_");
    if (!remote || !id) throw new Error(`MsgKey error: ${text} is not a key`);
    const parts = { fromMe: fromMe === "true", remote: widOf(remote), id };
    return new MsgKey(participant ? { ...parts, participant: widOf(participant) } : parts);
  }

  static async newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(9));
    return "3EB0" + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
  }
}
