// The job "send": one message, under the id that was reserved for it, past the fence.

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
    awaitAck(job.key, answer.chat);
    if (!there) call = calls.get(job.key) ?? called(job, answer.chat);
  } catch (error) {
    if (error?.code === "late") return { ...answer, outcome: "late" };
    return { ...answer, outcome: "error", error: textOf(error) };
  }
  return { ...answer, sent: true, ...(await outcomeOf(job, answer.chat, call)) };
}
