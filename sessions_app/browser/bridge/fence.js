// The fence: what a late or a second original has to get past.

function fence({ epoch: lane = 0, deadline, key, again }) {
  // First of all, because the others say that nothing went out: a start may be repeated when all of them hold.
  if (!again && kept(key)) return "seen";
  const highest = read(local, "lane") ?? 0;
  if (lane < highest) return "superseded";
  if (lane > highest) write(local, "lane", lane);
  if (deadline && Date.now() > deadline) return "late";
  return connected() ? "" : "not_connected";
}
