// Who a chat is with, and whether a number is on WhatsApp.

function partsOf(wid) {
  const [user, server] = String(wid?._serialized ?? wid).split("@");
  return { id: `${user}@${server}`, user, server };
}

const isPerson = ({ user, server }) => (server === "c.us" || server === "lid") && user !== "0";

async function phoneOf(lid) {
  try {
    return (await WPP.contact.getPnLidEntry(lid)).phoneNumber?.id ?? "";
  } catch {
    return "";
  }
}

async function exists(candidates) {
  for (const candidate of candidates) {
    const found = await WPP.contact.queryWidExists(candidate);
    if (found) return { wid: partsOf(found.wid).id, lid: found.lid ? partsOf(found.lid).id : "" };
  }
  return null;
}

const check = ({ candidates }) =>
  connected() ? bounded(exists(candidates), CALL_MS, "check_timeout") : fail("not_connected");
