// WhatsMassive in WhatsApp Web's page, over wa-js: its state as plain JSON, a buffer of events, and jobs that are started
// and asked for. No call waits. What has to outlive the page is in the profile (localStorage, which a logout wipes) and
// what has to outlive a reload but not the browser in sessionStorage. Nothing here talks to the network.
globalThis.whatsmassive = (() => {
  "use strict";
  const MOST_EVENTS = 5000;
  const MOST_KEYS = 2000;
  const MOST_NOTICES = 20;
  const MOST_RESULTS = 50;
  const MOST_FILES = 3;
  const MOST_LOOKED_BACK = 300; // own messages after one load of the page
  const MOST_LOOKS_FAILED = 5;
  const LOOK_AGAIN_MS = 10_000;
  const KEY_OPEN_MS = 3 * 24 * 3600 * 1000; // how long an own message is looked at again after a load
  const CLOCKS_APART_S = 120; // how much earlier a look back begins than what was surely told
  const SETTLED_MS = 10_000; // connected for so long, everything that waited at WhatsApp has come
  const LINK_CODE_MS = 195_000;
  const CONFIRMED_MS = 45_000; // a message that WhatsApp has not taken by then counts as not confirmed
  const CALL_MS = 30_000; // for what wa-js gives no time of its own
  const POLL_MS = 50;
  // What WhatsApp shows between messages, and what is not readable yet: no words of a person.
  const NO_WORDS = new Set([
    "ciphertext", "e2e_notification", "notification", "notification_template", "broadcast_notification", "gp2",
    "call_log", "protocol", "debug", "reaction", "pin_message", "keep_in_chat", "oversized", "unknown",
  ]); // prettier-ignore
  // Of other types the body is a picture or data.
  const WORDS_IN_BODY = new Set(["chat", "buttons_response", "list_response", "template_button_reply"]);

  const local = globalThis.localStorage;
  const session = globalThis.sessionStorage;
  const name = (key) => `whatsmassive.${key}`;
  const read = (store, key) => quiet(() => JSON.parse(store.getItem(name(key))), null);
  const write = (store, key, value) => store.setItem(name(key), JSON.stringify(value)); // throws when it is full
  const random = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
  const epoch = random();
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  function quiet(work, otherwise) {
    try {
      return work() ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  function fail(code, text = "") {
    throw Object.assign(new Error(text || code), { code });
  }

  function bounded(work, ms, code) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(Object.assign(new Error(code), { code })), Math.max(ms, 0));
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
  }

  // Who is logged in -------------------------------------------------------------------------------------------------
  const stream = () => ({ mode: "", info: "", ...quiet(() => WPP.conn.getStreamData(), {}) });
  const connected = ({ mode, info } = stream()) => quiet(() => WPP.isReady, false) && mode === "MAIN" && info === "NORMAL";
  const authenticated = () => Boolean(quiet(() => WPP.isReady && WPP.conn.isAuthenticated(), false));
  const ownWid = () => (authenticated() ? quiet(() => String(WPP.conn.getMyUserWid()), "") : "");

  // A login is another one when the profile was wiped, when a code was shown, and when the account is another.
  function login() {
    const { mode } = stream();
    let kept = read(local, "login");
    if (mode === "QR" && kept && quiet(() => WPP.isReady, false) && !authenticated()) {
      local.removeItem(name("login"));
      kept = null;
    }
    const wid = mode === "MAIN" ? ownWid() : "";
    if (wid && kept?.wid !== wid) {
      kept = { id: random(), since: Date.now(), wid };
      quiet(() => write(local, "login", kept));
    }
    return kept ?? { id: "", since: 0 };
  }

  // Since when nothing that was written here can have been lost: both stores have to agree. A browser that dies may
  // not have written its last seconds, and then sessionStorage is gone. What was forgotten for want of room is lost too.
  function born() {
    const mine = read(session, "born");
    if (mine && mine.token === read(local, "born")) return Math.max(mine.at, read(local, "forgotten") ?? 0);
    const fresh = { token: random(), at: Date.now() };
    quiet(() => write(session, "born", fresh));
    quiet(() => write(local, "born", fresh.token));
    return fresh.at;
  }

  // What happened, for people -----------------------------------------------------------------------------------------
  function notice(what) {
    const kept = read(session, "notices") ?? [];
    quiet(() => write(session, "notices", [...kept, { at: Date.now(), what }].slice(-MOST_NOTICES)));
  }

  // Events ------------------------------------------------------------------------------------------------------------
  const buffer = [];
  let sequence = 0;
  let lost = 0;

  function tell(what, data) {
    if (buffer.length >= MOST_EVENTS) {
      lost += 1;
      return false;
    }
    sequence += 1;
    buffer.push({ sequence, name: what, data });
    return true;
  }

  function drain(limit) {
    return { epoch, events: buffer.slice(0, limit) };
  }

  function acknowledge(ofEpoch, upTo) {
    if (ofEpoch !== epoch) return false;
    while (buffer.length && buffer[0].sequence <= upTo) {
      const { name: what, data } = buffer.shift();
      if (what === "ack") for (const hex of data.ids) keepAck(hex, data.ack);
    }
    if (lost && !buffer.length) {
      lost = 0;
      lookBackDue = true;
    }
    return true;
  }

  // The ids of our own messages: what was begun, in which chat, and which ack was told and taken ----------------------
  const kept = (hex) => read(local, `key.${hex}`);

  function remember(hex, chat) {
    write(local, `key.${hex}`, { chat, ack: kept(hex)?.ack ?? 0, at: Date.now() });
    if ((remembered += 1) % 100 === 0) forgetOldest();
  }
  let remembered = 0;

  function keepAck(hex, ack) {
    const entry = kept(hex);
    if (entry) quiet(() => write(local, `key.${hex}`, { ...entry, ack }));
  }

  function keys() {
    const start = name("key.");
    return Object.keys(local)
      .filter((key) => key.startsWith(start))
      .map((key) => ({ hex: key.slice(start.length), ...kept(key.slice(start.length)) }))
      .sort((a, b) => b.at - a.at);
  }

  function forgetOldest() {
    const oldest = keys().slice(MOST_KEYS);
    if (oldest.length) write(local, "forgotten", oldest[0].at);
    for (const { hex } of oldest) local.removeItem(name(`key.${hex}`));
  }

  const ackTold = new Map();
  const waiting = new Map(); // own messages without an ack: hex -> chat; a failure has no event
  const unconfirmed = new Map(); // those sent by this page since WhatsApp last took one: hex -> when

  function tellAck(chat, hexes, ack) {
    if (ack > 0) unconfirmed.clear();
    for (const hex of hexes) unconfirmed.delete(hex);
    const fresh = hexes.filter((hex) => !(ackTold.get(hex) === ack || (ack >= 0 && ackTold.get(hex) > ack)));
    if (!fresh.length || !tell("ack", { ids: fresh, chat, ack })) return;
    for (const hex of fresh) {
      ackTold.set(hex, ack);
      waiting.delete(hex);
    }
  }

  async function stored(chat, hex) {
    try {
      return await WPP.chat.getMessageById(`true_${chat}_${hex}`);
    } catch (error) {
      if (error?.code === "msg_not_found") return null;
      throw error;
    }
  }

  let lookingAtWaiting = false;

  async function lookAtWaiting() {
    if (lookingAtWaiting) return;
    lookingAtWaiting = true;
    for (const [hex, chat] of [...waiting].slice(-MOST_LOOKED_BACK)) {
      const message = await bounded(stored(chat, hex), CALL_MS, "look_timeout").catch(() => null);
      if (message && message.ack !== 0) tellAck(chat, [hex], message.ack);
    }
    lookingAtWaiting = false;
  }

  // What people write -------------------------------------------------------------------------------------------------
  const heard = new Set();

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

  async function hear(message) {
    const id = message?.id;
    const chat = partsOf(id?.remote);
    if (!id?.id || id.fromMe || !isPerson(chat) || NO_WORDS.has(message.type) || heard.has(id.id)) return;
    heard.add(id.id);
    const phone = chat.server === "lid" ? await phoneOf(chat.id) : chat.user;
    const told = tell("message", {
      id: id.id,
      chat: chat.id,
      phone,
      lid: chat.server === "lid" ? chat.user : "",
      body: WORDS_IN_BODY.has(message.type) ? String(message.body ?? "") : "",
      caption: String(message.caption ?? ""),
      type: String(message.type ?? ""),
      filename: String(message.filename ?? ""),
      mimetype: String(message.mimetype ?? ""),
      t: Number(message.t) || 0,
      notify_name: String(message.notifyName ?? ""),
    });
    if (!told) heard.delete(id.id);
  }

  // Looking back: what happened before this page could hear it ----------------------------------------------------------
  let lookBackDue = true;
  let lookingBack = false;
  let looksFailed = 0;
  let nextLook = 0;
  let connectedAt = 0;

  async function lookBack() {
    if (lookingBack || Date.now() < nextLook) return;
    lookingBack = true;
    lookBackDue = false;
    const whole = [await lookAtKeys().catch(() => false), await lookAtChats().catch(() => false)].every(Boolean);
    lookingBack = false;
    looksFailed = whole ? 0 : looksFailed + 1;
    // What fails so often will go on failing; the rest has been told.
    if (!whole && looksFailed < MOST_LOOKS_FAILED) {
      lookBackDue = true;
      nextLook = Date.now() + LOOK_AGAIN_MS;
    }
  }

  async function lookAtKeys() {
    let whole = true;
    const open = keys().filter(({ chat, ack, at }) => chat && ack >= 0 && ack < 3 && at > Date.now() - KEY_OPEN_MS);
    for (const { hex, chat, ack } of open.slice(0, MOST_LOOKED_BACK)) {
      try {
        await bounded(WPP.chat.find(chat), CALL_MS, "look_timeout");
        const message = await bounded(stored(chat, hex), CALL_MS, "look_timeout");
        if (message?.ack === 0) waiting.set(hex, chat);
        else if (message && message.ack !== ack) tellAck(chat, [hex], message.ack);
      } catch {
        whole = false;
      }
    }
    return whole;
  }

  async function lookAtChats() {
    let whole = true;
    const since = (read(local, "heard") ?? login().since / 1000) - CLOCKS_APART_S;
    const chats = await bounded(WPP.chat.list({ ignoreGroupMetadata: true }), CALL_MS, "look_timeout");
    for (const chat of chats) {
      // Where WhatsApp keeps no time of the last message, the chat's messages tell.
      if (!isPerson(partsOf(chat.id)) || (!chat.unreadCount && chat.t < since)) continue;
      const count = Math.min(Math.max(chat.unreadCount || 0, 20), 200);
      try {
        const messages = await bounded(WPP.chat.getMessages(chat.id, { count }), CALL_MS, "look_timeout");
        for (const message of messages) if (message.t >= since) await hear(message);
      } catch {
        whole = false;
      }
    }
    return whole;
  }

  // What was told and taken until now needs no look back after the next load.
  function keepHeard() {
    if (lookBackDue || lookingBack || buffer.length || Date.now() - connectedAt < SETTLED_MS) return;
    quiet(() => write(local, "heard", Math.floor(Date.now() / 1000)));
  }

  // Once a second, and whenever the stream changes -----------------------------------------------------------------------
  let qr = "";
  let linkCode = { code: "", until: 0 };

  function tick() {
    if (!quiet(() => WPP.isReady, false)) return;
    born();
    login();
    if (stream().mode === "QR" && !authenticated()) {
      WPP.conn.getAuthCode().then((code) => (qr = code?.fullCode ?? ""), () => (qr = ""));
    } else {
      qr = "";
      if (authenticated()) linkCode = { code: "", until: 0 };
    }
    if (!connected()) {
      connectedAt = 0;
      return;
    }
    if (!connectedAt) {
      connectedAt = Date.now();
      lookBackDue = true;
      looksFailed = nextLook = 0;
    }
    // wa-js hears acks from "full" on; a page that started in another state never gets there.
    const hearing = WPP.isFullReady || Date.now() - connectedAt > SETTLED_MS;
    if (lookBackDue && hearing) lookBack();
    lookAtWaiting();
    keepHeard();
  }

  // Jobs -----------------------------------------------------------------------------------------------------------------
  const jobs = new Map();
  const results = () => read(session, "results") ?? [];

  function start(job) {
    if (jobs.has(job.id) || results().some(([id]) => id === job.id)) return "started";
    const work = KINDS[job.kind];
    if (!work) return "unknown_kind";
    if (job.kind !== "send") {
      if (!quiet(() => WPP.isReady, false)) return "not_ready";
      if (job.deadline && Date.now() > job.deadline) return "late";
    }
    jobs.set(job.id, { key: job.kind === "send" ? job.key : "" });
    Promise.resolve(job)
      .then(work)
      .then(
        (value) => settle(job.id, { state: "done", value: value ?? null }),
        (error) => settle(job.id, { state: "failed", code: codeOf(error), error: textOf(error) }),
      );
    return "";
  }

  const codeOf = (error) => String(error?.code ?? error?.name ?? "error").slice(0, 60);
  const textOf = (error) => String(error?.message ?? error).slice(0, 300);

  // Results outlive a reload: a logout and an update end with one.
  function settle(id, result) {
    jobs.delete(id);
    quiet(() => write(session, "results", [...results(), [id, result]].slice(-MOST_RESULTS)));
  }

  function result(id) {
    if (jobs.has(id)) return { state: "running" };
    return results().find(([one]) => one === id)?.[1] ?? { state: "unknown" };
  }

  // The fence: what a late or a second original has to get past ------------------------------------------------------------
  function fence({ epoch: lane = 0, deadline, key, again }) {
    // First of all, because the others say that nothing went out: a start may be repeated when all of them hold.
    if (!again && kept(key)) return "seen";
    const highest = read(local, "lane") ?? 0;
    if (lane < highest) return "superseded";
    if (lane > highest) write(local, "lane", lane);
    if (deadline && Date.now() > deadline) return "late";
    return connected() ? "" : "not_connected";
  }

  async function exists(candidates) {
    for (const candidate of candidates) {
      const found = await WPP.contact.queryWidExists(candidate);
      if (found) return { wid: partsOf(found.wid).id, lid: found.lid ? partsOf(found.lid).id : "" };
    }
    return null;
  }

  async function send(job) {
    const answer = { outcome: "", chat: "", wid: "", lid: "", ack: null, error: "", sent: false };
    const until = () => (job.deadline ? job.deadline - Date.now() : CALL_MS);
    let call = null;
    try {
      if ((answer.outcome = fence(job))) return answer;
      // Anything else wa-js would fetch from the network.
      if (job.media && !contentOf(job.media).startsWith("data:")) fail("not_a_data_url");
      // A repetition goes where it was begun: in another chat it would be another message, whatever its id.
      const begun = (job.again && kept(job.key)?.chat) || job.chat;
      if (!begun) {
        const found = await bounded(exists(job.candidates ?? []), until(), "late");
        // Without a connection, "no such number" means nothing.
        if ((answer.outcome = fence(job))) return answer;
        if (!found) return { ...answer, outcome: "not_on_whatsapp" };
        Object.assign(answer, found);
      }
      answer.chat = partsOf((await bounded(WPP.chat.find(begun || answer.wid), until(), "late")).id).id;
      if (answer.chat.endsWith("@lid")) answer.lid = answer.chat;
      // wa-js would wait for ever with a file whose id is there already.
      const there = job.again || job.media ? await bounded(stored(answer.chat, job.key), until(), "late") : null;
      // From here to the call nothing may wait.
      if ((answer.outcome = fence(job))) return answer;
      remember(job.key, answer.chat);
      waiting.set(job.key, answer.chat);
      unconfirmed.set(job.key, Date.now());
      if (!there) call = calls.get(job.key) ?? called(job, answer.chat);
    } catch (error) {
      if (error?.code === "late") return { ...answer, outcome: "late" };
      return { ...answer, outcome: "error", error: textOf(error) };
    }
    return { ...answer, sent: true, ...(await outcomeOf(job, answer.chat, call)) };
  }

  // A file that many messages share is handed over once in a load of the page: a large one takes seconds, and a message
  // may have to start within two.
  const files = new Map();

  function keepFile({ file, data_url: content }) {
    if (content) {
      files.set(file, content);
      if (files.size > MOST_FILES) files.delete(files.keys().next().value);
    }
    return files.has(file);
  }

  const contentOf = ({ data_url: content, file }) => content ?? files.get(file) ?? fail("no_file");

  function callFor({ key, text, media }, chat) {
    const options = { messageId: `true_${chat}_${key}`, linkPreview: false, markIsRead: false, waitForAck: false };
    if (!media) return WPP.chat.sendTextMessage(chat, text, options);
    const { type, filename, mimetype } = media;
    return WPP.chat.sendFileMessage(chat, contentOf(media), { ...options, type, filename, mimetype, caption: text || undefined });
  }

  // What WhatsApp's code was given and has not come back from, which may be long after its job: it goes out still.
  const calls = new Map();

  function called(job, chat) {
    const call = callFor(job, chat);
    const over = () => calls.delete(job.key);
    calls.set(job.key, call);
    call.then(over, over);
    return call;
  }

  async function outcomeOf({ key, ack_wait_ms: wait = 0 }, chat, call) {
    const until = Date.now() + wait;
    try {
      await bounded(call, wait, "no_ack");
    } catch (error) {
      if (error?.code !== "no_ack") {
        const there = await bounded(stored(chat, key), CALL_MS, "late").catch(() => undefined);
        if (isDuplicate(error)) return { outcome: "duplicate", ack: there?.ack ?? null, error: textOf(error) };
        // wa-js says by a code of its own what it has refused before WhatsApp was asked.
        const refused = typeof error?.code === "string" && there === null;
        return { outcome: "error", sent: !refused, error: textOf(error) };
      }
    }
    for (;;) {
      const ack = (await stored(chat, key).catch(() => null))?.ack ?? 0;
      if (ack > 0) return { outcome: "acked", ack };
      if (ack < 0) return { outcome: "failed", ack };
      if (Date.now() >= until) return { outcome: "no_ack", ack };
      await pause(POLL_MS);
    }
  }

  const isDuplicate = (error) => error?.name === "DuplicateMessageError" || /DuplicateMessageError/.test(textOf(error));

  async function look({ key, chats = [] }) {
    const running = calls.has(key) || [...jobs.values()].some((job) => job.key === key);
    const before = kept(key);
    // From now on a late original is one that was seen.
    if (!before) remember(key, "");
    const wids = [...new Set([before?.chat, ...chats].filter(Boolean))];
    const messages = [];
    for (const wid of wids) {
      try {
        const home = partsOf((await bounded(WPP.chat.find(wid), CALL_MS, "look_timeout")).id).id;
        for (const chat of new Set([home, wid])) messages.push(await foundIn(chat, home, key));
      } catch (error) {
        // "Not found" has to be certain, unless the answer says that it can't be.
        if (connected()) throw error;
      }
    }
    const acks = messages.filter(Boolean).map(({ ack }) => ack);
    const ack = acks.length ? Math.max(...acks) : null;
    const { id, since } = login();
    const more = { login: id, login_since: since, born: born(), now: Date.now(), ...stream() };
    return { seen: Boolean(before), running, found: ack !== null, ack, ...more };
  }

  // Under a name that is not the chat's own there may be no chat at all.
  async function foundIn(chat, home, key) {
    try {
      return await bounded(stored(chat, key), CALL_MS, "look_timeout");
    } catch (error) {
      if (chat !== home && error?.code === "chat_not_found") return null;
      throw error;
    }
  }

  async function requestLinkCode({ phone }) {
    const code = await bounded(WPP.conn.startLinkDeviceCodeForPhoneNumber(phone), CALL_MS, "link_code_timeout");
    if (linkCode.code !== code) linkCode = { code, until: Date.now() + LINK_CODE_MS };
    return linkCode;
  }

  async function typing({ chat, ms = 0 }) {
    await bounded(WPP.chat.find(chat), CALL_MS, "typing_timeout");
    await bounded(WPP.chat.markIsComposing(chat, ms), ms + CALL_MS, "typing_timeout");
  }

  const KINDS = {
    send,
    look,
    file: keepFile,
    check: ({ candidates }) => (connected() ? bounded(exists(candidates), CALL_MS, "check_timeout") : fail("not_connected")),
    qr_refresh: async () => {
      qr = (await bounded(WPP.conn.refreshQR(), CALL_MS, "qr_timeout"))?.fullCode ?? "";
      return qr;
    },
    link_code: requestLinkCode,
    cancel_link: () => {
      WPP.conn.cancelLinkDeviceCode();
      linkCode = { code: "", until: 0 };
    },
    logout: ({ ms = CALL_MS / 2 }) => bounded(WPP.conn.logout(), ms, "logout_timeout"),
    typing,
  };

  // What is seen from outside ----------------------------------------------------------------------------------------------
  const phase = () =>
    quiet(() => (WPP.isFullReady ? "full" : WPP.isReady ? "ready" : WPP.isInjected ? "injected" : ""), "");

  function state() {
    const { id, since } = login();
    return {
      epoch,
      now: Date.now(),
      phase: phase(),
      ...stream(),
      authenticated: authenticated(),
      wid: ownWid(),
      lid: authenticated() ? quiet(() => String(WPP.conn.getMyUserLid()), "") : "",
      login: id,
      login_since: since,
      born: born(),
      qr,
      link_code: linkCode.until > Date.now() ? linkCode.code : "",
      link_code_until: linkCode.until,
      version: quiet(() => String(globalThis.Debug?.VERSION ?? ""), ""),
      supported: quiet(() => String(WPP.supportedWhatsappWeb), ""),
      events: buffer.length,
      lost,
      unconfirmed: [...unconfirmed.values()].filter((at) => at < Date.now() - CONFIRMED_MS).length,
      code: String(globalThis.whatsmassiveCode ?? ""),
      notices: read(session, "notices") ?? [],
    };
  }

  // Listening --------------------------------------------------------------------------------------------------------------
  WPP.on("conn.stream_mode_changed", tick);
  WPP.on("conn.stream_info_changed", tick);
  WPP.on("loader.full_ready", tick);
  WPP.on("conn.auth_code_change", (code) => (qr = code?.fullCode ?? ""));
  WPP.on("conn.qrcode_idle", () => {
    qr = "";
    notice("qr_idle");
  });
  WPP.on("conn.link_code_change", (code) => (linkCode = { code, until: Date.now() + LINK_CODE_MS }));
  WPP.on("conn.link_code_expired", () => {
    linkCode = { code: "", until: 0 };
    notice("link_code_expired");
  });
  WPP.on("conn.link_code_error", () => {
    linkCode = { code: "", until: 0 };
    notice("link_code_error");
  });
  WPP.on("conn.needs_update", () => notice("needs_update"));
  WPP.on("conn.backend_event", (event) => event !== "logout" && notice(String(event))); // that one comes with its reason
  WPP.on("conn.logout_reason", (reason) => notice(`logout:${reason}`));
  WPP.on("chat.new_message", (message) => hear(message));
  WPP.on("chat.msg_ack_change", ({ ack, ids }) => {
    for (const id of ids ?? []) {
      const chat = partsOf(id?.remote);
      if (id?.fromMe && isPerson(chat)) tellAck(chat.id, [id.id], ack);
    }
  });
  quiet(forgetOldest);
  born();
  setInterval(tick, 1000);

  return Object.freeze({ state, drain, acknowledge, start, result });
})();
