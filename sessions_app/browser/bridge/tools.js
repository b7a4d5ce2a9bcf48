// Small things that every other part uses.

const CALL_MS = 30_000; // for what wa-js gives no time of its own

const random = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
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

const codeOf = (error) => String(error?.code ?? error?.name ?? "error").slice(0, 60);
const textOf = (error) => String(error?.message ?? error).slice(0, 300);
