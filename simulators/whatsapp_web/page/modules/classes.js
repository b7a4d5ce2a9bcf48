// The classes of ids, models and stores, and the stores of these classes.

import { MsgKey, Wid, widOf } from "../ids.js";
import { ChatModel, ContactModel, MsgModel } from "../models.js";
import * as stores from "../stores.js";

export const classes = {
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
  WAWebMsgCollection: { MsgCollectionImpl: stores.MsgCollectionImpl, MsgCollection: stores.MsgStore },
  WAWebChatCollection: { ChatCollectionImpl: stores.ChatCollectionImpl, ChatCollection: stores.ChatStore },
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
};
