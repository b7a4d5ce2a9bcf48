// Other people: which numbers are on WhatsApp, and which LID belongs to which of them.

import { ask } from "../link.js";
import { learn, lidOf, phoneOf } from "../records.js";

async function queryWidExists(wid) {
  const found = await ask({ op: "exists", wid: String(wid) });
  if (!found.exists) return null;
  learn(found);
  return { wid, biz: false };
}

export const contacts = {
  WAWebApiContact: {
    getCurrentLid: lidOf,
    getPhoneNumber: phoneOf,
    lidPnCache: { getCurrentLid: lidOf, getPhoneNumber: phoneOf },
  },
  WAWebQueryExistsJob: { queryWidExists, queryPhoneExists: queryWidExists },
};
