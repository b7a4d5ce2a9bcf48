// What happened, for people: the last of it.

const MOST_NOTICES = 20;

const notices = () => read(session, "notices") ?? [];

function notice(what) {
  const kept = notices();
  quiet(() => write(session, "notices", [...kept, { at: Date.now(), what }].slice(-MOST_NOTICES)));
}
