// Whether the bank answers: the browser's own word, and the state of Streamlit's socket, which it writes on its own element.
const PATIENCE = 1500; // ms; a socket that comes back at once is none of the reader's business
const APP = "[data-testid=stApp]", STATE = "data-test-connection-state";

export const isUp = () => navigator.onLine && document.querySelector(APP)?.getAttribute(STATE) === "CONNECTED";

// Tells `told(up)` of every change; answers how to stop watching.
export function watchLine(told) {
  let before = true, waiting;
  const look = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const up = isUp();
      if (up !== before) told((before = up));
    }, navigator.onLine ? PATIENCE : 0);
  };
  const watching = new MutationObserver(look);
  const app = document.querySelector(APP);
  if (app) watching.observe(app, { attributes: true, attributeFilter: [STATE] });
  for (const name of ["online", "offline"]) addEventListener(name, look);
  look();
  return () => {
    clearTimeout(waiting);
    watching.disconnect();
    for (const name of ["online", "offline"]) removeEventListener(name, look);
  };
}

// When the line is lost Streamlit says so in a dialog that makes everything beneath it deaf. Where we say it ourselves and
// go on, the dialog is hidden (vigil.css) and closed as soon as it opens.
const closing = new MutationObserver(close);
function close() {
  for (const dialog of document.querySelectorAll("[data-testid=stDialog]")) dialog.querySelector("button[aria-label]")?.click();
}
const quiet = new Set();

export function keepQuiet(whose, on) {
  if (on) quiet.add(whose);
  else quiet.delete(whose);
  document.documentElement.classList.toggle("vigil-visit", quiet.size > 0);
  if (!quiet.size) return closing.disconnect();
  closing.observe(document.body, { childList: true });
  close();
}
