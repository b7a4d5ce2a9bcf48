// Whose page this is: the account, whether it is logged in, and the profile's keys.

import { isLoggedIn } from "../login.js";
import { me } from "../stores.js";

// wa-js shows the keys in base64, so what is kept as base64 is given to it as the bytes.
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function raise(text) {
  throw new Error(text);
}

export const account = {
  WAWebUserPrefsMeUser: {
    getMaybeMePnUser: () => me.wid,
    getMaybeMeLidUser: () => me.lid,
    getMaybeMeUser: () => me.wid,
    getMeUser: () => me.wid,
    getMePnUserOrThrow: () => me.wid ?? raise("nobody is logged in"),
    getMeLidUserOrThrow: () => me.lid ?? raise("nobody is logged in"),
    isMeAccount: (wid) => Boolean(me.wid?.equals(wid) || me.lid?.equals(wid)),
  },
  WAWebAuthStore: { isLoggedIn },
  WAWebRegistration: { isRegistered: isLoggedIn },
  WAWebNoiseInfo: { waNoiseInfo: { get: async () => ({ staticKeyPair: { pubKey: bytesOf(me.keys.static) } }) } },
  WAWebSignalStore: {
    waSignalStore: { getRegistrationInfo: async () => ({ identityKeyPair: { pubKey: bytesOf(me.keys.identity) } }) },
  },
  WAWebADV: { getADVSecretKey: () => me.keys.secret, setADVSignedIdentity() {} },
  WABase64: { encodeB64: (bytes) => btoa(String.fromCharCode(...bytes)), decodeB64: bytesOf },
};
