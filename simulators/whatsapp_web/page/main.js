// Opens the session and, when its time has come, shows the modules in the way that wa-js takes for the real page's.

import { profile } from "./link.js";
import { start } from "./session.js";
import { modules } from "./modules.js";
import { show } from "./screen.js";

function reveal() {
  // wa-js asks this of the page's loader before each of its look-ups.
  globalThis.ErrorGuard = { skipGuardGlobal() {} };
  globalThis.importNamespace = (name) => {
    if (!(name in modules)) throw new Error(`Requiring unknown module "${name}"`);
    return modules[name];
  };
  const modulesMap = Object.fromEntries(Object.keys(modules).map((name) => [name, { factory() {} }]));
  globalThis.require = (name) => (name === "__debug" ? { modulesMap } : globalThis.importNamespace(name));
  globalThis.__d = () => {};
}

show();
start(modules);
const { loader_ms: wait } = await (await fetch("/boot?" + new URLSearchParams({ profile: profile() }))).json();
if (wait !== null) setTimeout(reveal, wait);
