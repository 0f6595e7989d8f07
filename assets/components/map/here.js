// A button that says where the phone is.
import { h, button, fill } from "../visit/dom.js";
import { locate } from "../visit/place.js";

const mounted = new WeakMap();

export function mount({ data, parentElement, setStateValue, hold }) {
  const before = mounted.get(parentElement);
  if (before) return Object.assign(before, { hold, setStateValue });
  const told = h("span", { role: "status" });
  const now = { hold, setStateValue, stop: () => {} };
  const ask = () => {
    told.textContent = data.words.locating;
    now.stop();
    now.stop = locate(({ fix, final, problem }) => {
      if (problem) return (told.textContent = data.words[problem]);
      told.textContent = fill(data.words.accuracy, Math.round(fix.accuracy_m));
      if (final) now.setStateValue("fix", fix);
    });
  };
  parentElement.append(h("div", { class: "here" }, button(data.words.here, ask), told));
  mounted.set(parentElement, now);
}

export function unmount(parentElement, hold) {
  setTimeout(() => {
    const now = mounted.get(parentElement);
    if (now?.hold !== hold) return;
    now.stop();
    mounted.delete(parentElement);
  }, 300);
}
