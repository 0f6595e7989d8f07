// A button that goes on with where the phone is; without a position it goes on too, and says why there is none.
import { h } from "../visit/dom.js";
import { locate } from "../visit/place.js";

const NEAR_ENOUGH = 500, PATIENCE = 6000; // metres, milliseconds: a round need not know the door
const mounted = new WeakMap();

export function mount({ data, parentElement, setTriggerValue, hold }) {
  const before = mounted.get(parentElement);
  const now = before || { stop: () => {}, key: h("button", { type: "button" }) };
  Object.assign(now, { hold, data, tell: setTriggerValue });
  if (!before) {
    now.key.onclick = () => ask(now);
    parentElement.append(h("div", { class: "ask" }, now.key));
    mounted.set(parentElement, now);
  }
  if (!now.key.disabled || now.errand !== data.errand) ready(now);
}

function ready(now) {
  now.stop();
  now.key.disabled = false;
  now.key.textContent = now.data.words.label;
  now.key.className = now.data.primary ? "main" : "";
}

function ask(now) {
  let best = null, over = false;
  const end = (said) => {
    if (over) return;
    over = true;
    clearTimeout(patience);
    now.stop();
    now.errand = now.data.errand; // the server draws this button with another one once it has done it
    now.key.textContent = now.data.words.working;
    now.tell("asked", said);
  };
  now.key.disabled = true;
  now.key.textContent = now.data.words.locating;
  const patience = setTimeout(() => end(best || { problem: "timeout" }), PATIENCE);
  now.stop = locate(({ fix, final, problem }) => {
    if (problem) return end({ problem });
    best = { lat: fix.lat, lon: fix.lon, accuracy_m: fix.accuracy_m };
    if (final || fix.accuracy_m <= NEAR_ENOUGH) setTimeout(() => end(best));
  });
}

export function unmount(parentElement, hold) {
  setTimeout(() => {
    const now = mounted.get(parentElement);
    if (now?.hold !== hold) return;
    now.stop();
    mounted.delete(parentElement);
  }, 300);
}
