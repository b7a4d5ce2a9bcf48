// On the page that says that the database is away: loads the page again when it is back.
"use strict";
if (document.querySelector("#away[data-reload]")) {
  setInterval(async () => {
    try {
      const answer = await fetch("/health/ready/", { cache: "no-store" });
      if ((await answer.json()).mongodb === "ok") location.reload();
    } catch {
      // The server is away too: the next look may find it.
    }
  }, 2000);
}
