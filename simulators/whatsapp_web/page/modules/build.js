// Which version of WhatsApp Web this is, and its clock.

const VERSION = "2.3000.1045818043";

export const build = {
  WAWebBuildVersion: { SANITIZED_VERSION_STR: VERSION },
  WAWebBuildConstants: {
    VERSION_STR: VERSION,
    VERSION_PRIMARY: "2",
    VERSION_SECONDARY: "3000",
    VERSION_TERTIARY: VERSION.split(".")[2],
  },
  WATimeUtils: { unixTime: () => Math.floor(Date.now() / 1000), unixTimeMs: () => Date.now() },
};
