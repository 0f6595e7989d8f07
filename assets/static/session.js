// An open page looks now and then whether its session still lives, and leaves nothing of the bank's on a screen
// whose session has ended. Looking does not prolong it.
(() => {
  const EVERY = 20000;
  let before = null;

  async function look() {
    let now;
    try {
      const answer = await fetch("/api/v1/session", { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok) return;
      now = await answer.json();
    } catch {
      return; // no connection: Streamlit says so
    }
    if (before !== null && before !== now.signed_in) return location.reload();
    before = now.signed_in;
    localStorage.setItem("vigil-signed-in", now.signed_in); // other tabs look too when it changes
    if (now.font) {
      localStorage.setItem("vigil-font", now.font);
      window.vigilFont(now.font);
    }
    if (now.theme && now.theme !== (localStorage.getItem("vigil-theme") || "system")) {
      localStorage.setItem("vigil-theme", now.theme);
      location.reload();
    }
  }

  look();
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", () => document.hidden || look());
  addEventListener("storage", (event) => event.key === "vigil-signed-in" && look());
})();
