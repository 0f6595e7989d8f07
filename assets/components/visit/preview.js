// A form as the phone draws it, tried out at the desk: nothing is kept and nothing is sent.
import { button, h } from "./dom.js";
import { abnormalItems, shown } from "./form.js";
import { call, facts, NAMES } from "./steps.js";

const trials = new WeakMap();

export function mount({ data, parentElement }) {
  const before = trials.get(parentElement);
  if (before && before.code === data.form.code) return before.take(data);
  const root = h("div", { class: "visit", lang: data.language });
  parentElement.querySelector(".visit")?.remove();
  parentElement.append(root);
  trials.set(parentElement, new Trial(root, data));
}

export function unmount() {}

// What the steps of a check ask of a check, without a customer and without a network.
class Trial {
  constructor(root, data) {
    Object.assign(this, { root, code: data.form.code, step: 0, photos: [] });
    this.content = { answers: {}, words: {}, leads: [], photos: [], calls: [{ at: new Date().toISOString(), result: "self", identity: [] }] };
    this.take(data);
  }

  take(data) {
    const { form, mode, sample } = data;
    const customer = { name: sample, phone: "", exposure: 0, loans: [] };
    Object.assign(this, { data, last: {}, opened: { form, mode, customer, begin: {}, last: null, calls: { collection: false, needed: Math.min(2, form.identity?.length || 0) } } });
    this.changed();
  }

  get form() { return this.opened.form; }
  get isPhone() { return this.opened.mode === "phone"; }
  get abnormal() { return abnormalItems(this.form, this.content.answers); }
  asks() { return shown(this.form, this.content.answers).map((item) => item.code).join(); }
  settle() { if (this.asks() !== this.drawn) this.changed(); }

  change(values, { quiet = false } = {}) {
    Object.assign(this.content, values);
    if (!quiet) this.changed();
  }

  number() { return Promise.reject(new Error("")); }
  tell() {}

  changed() {
    const w = this.data.words, t = (title) => title[this.data.language] || title.zh || Object.values(title)[0];
    const steps = this.isPhone ? [call, facts] : [facts], at = Math.min(this.step, steps.length - 1);
    const go = (step) => { this.step = step; this.changed(); };
    this.drawn = this.asks();
    this.root.replaceChildren(
      h("header", {}, h("h2", {}, this.opened.customer.name), h("p", { class: "quiet" }, t(this.form.title))),
      ...(steps.length > 1 ? [h("nav", { class: "steps", "aria-label": w.steps }, steps.map((step, n) => button(w[NAMES[step.name]], () => go(n), { class: n === at ? "now" : "", "aria-current": n === at ? "step" : null })))] : []),
      h("fieldset", { class: "step" }, steps[at](this, t, w)));
  }
}
