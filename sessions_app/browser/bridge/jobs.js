// Jobs: started at once, done later, asked for then.

const MOST_RESULTS = 50;

const jobs = new Map();
const results = () => read(session, "results") ?? [];
const isSending = (key) => [...jobs.values()].some((job) => job.key === key);

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

// Results outlive a reload: a logout and an update end with one.
function settle(id, result) {
  jobs.delete(id);
  quiet(() => write(session, "results", [...results(), [id, result]].slice(-MOST_RESULTS)));
}

function result(id) {
  if (jobs.has(id)) return { state: "running" };
  return results().find(([one]) => one === id)?.[1] ?? { state: "unknown" };
}
