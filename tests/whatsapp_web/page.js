// In the page before wa-js: its leaks off, and a memory of what it tells, as plain JSON.
window.WPPConfig = { disableGoogleAnalytics: true, linkPreviewApiServers: [] };
window.standInTest = {
  told: [],

  // Models hold each other, so what is kept of an event is its plain data.
  plain(value) {
    try {
      return JSON.parse(JSON.stringify(value ?? null));
    } catch {
      return String(value);
    }
  },

  listen() {
    WPP.onAny((name, ...values) => {
      const event = Array.isArray(name) ? name.join(".") : name;
      this.told.push([event, this.plain(values.length > 1 ? values : values[0])]);
    });
  },

  events(name) {
    return this.told.filter(([event]) => event === name).map(([, value]) => value);
  },

  run(work, given) {
    return Promise.resolve()
      .then(() => work(given))
      .then(
        (value) => ({ value: this.plain(value) }),
        (error) => ({ error: String(error), code: error?.code ?? error?.name ?? null }),
      );
  },
};
