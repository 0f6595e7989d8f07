// Draws a check into its place on the page, and again whenever something changed.
import { h, button, fill } from "./dom.js";
import { NAMES, stepsOf } from "./steps.js";
import { Visit } from "./visit.js";

const mounted = new WeakMap();

export function mount({ data, parentElement }) {
  const before = mounted.get(parentElement);
  if (before?.id === JSON.stringify(data)) return;
  before?.visit.end();
  const root = h("div", { class: "visit", lang: data.language });
  parentElement.querySelector(".visit")?.remove();
  parentElement.append(root);
  const visit = new Visit(data, () => draw(root, visit));
  visit.root = root;
  visit.told = () => { const place = root.querySelector(".saved"); if (place) place.textContent = saved(visit); };
  root.addEventListener("compositionstart", () => { root.composing = true; });
  root.addEventListener("compositionend", () => { root.composing = false; if (root.late) { root.late = false; draw(root, visit); } });
  mounted.set(parentElement, { id: JSON.stringify(data), visit });
  document.documentElement.classList.add("vigil-visit"); // what Streamlit says of a lost line does not cover the form
  draw(root, visit);
  visit.begin();
}

export function unmount(parentElement) {
  mounted.get(parentElement)?.visit.end();
  mounted.delete(parentElement);
  document.documentElement.classList.remove("vigil-visit");
}

const saved = (visit) => (visit.counter > visit.saved ? visit.data.words.kept_here : visit.data.words.kept_on_server);

// Not while a character is being put together: an input method loses what it has begun when its field is drawn anew.
function draw(root, visit) {
  if (root.composing) return (root.late = true);
  const w = visit.data.words, t = (title) => title[visit.data.language] || title.zh || Object.values(title)[0];
  const typing = root.getRootNode().activeElement;
  const place = typing && root.contains(typing) ? [...root.querySelectorAll("input,textarea")].indexOf(typing) : -1, caret = typing?.selectionStart;
  if (visit.receipt) return root.replaceChildren(done(visit, w));
  if (!visit.opened) return root.replaceChildren(h("p", { class: visit.problem ? "problem" : "quiet", role: "status" }, visit.problem || w.opening));
  root.replaceChildren(...whole(visit, t, w).filter(Boolean));
  if (place >= 0) {
    const again = root.querySelectorAll("input,textarea")[place];
    again?.focus({ preventScroll: true });
    if (caret !== null && caret !== undefined && /text|search|tel/.test(again?.type)) again.setSelectionRange(caret, caret);
  }
}

function whole(visit, t, w) {
  const steps = stepsOf(visit), at = Math.min(visit.content.step || 0, steps.length - 1);
  const go = (step) => { visit.change({ step }); toTop(visit); };
  return [
    h("header", {}, h("h2", {}, visit.opened.customer.name), h("p", { class: "quiet" }, `${w.kinds[visit.opened.kind]} · ${t(visit.form.title)}`)),
    h("nav", { class: "steps" }, steps.map((step, n) => button(w[NAMES[step.name]], () => go(n), { class: n === at ? "now" : "", "aria-current": n === at ? "step" : null }))),
    visit.offline ? h("p", { class: "offline", role: "status" }, w.offline) : null,
    visit.note ? h("p", { class: "quiet" }, w[visit.note]) : null,
    visit.problem ? h("p", { class: "problem", role: "alert" }, visit.problem) : null,
    h("fieldset", { class: "step", "data-step": steps[at].name, disabled: visit.locked }, steps[at](visit, t, w)),
    h("footer", {}, at > 0 ? button(w.back, () => go(at - 1), { disabled: visit.locked }) : h("span"),
      h("span", { class: "quiet saved" }, saved(visit)),
      at < steps.length - 1 ? button(w.next, () => go(at + 1), { class: "main next" }) : h("span")),
  ];
}

function done(visit, w) {
  const { record, grade, sentences, offline } = visit.receipt;
  return h("div", { class: "done", role: "status" }, h("h2", {}, `✓ ${w.recorded}`), h("p", {}, fill(w.record_number, record)),
    grade ? h("p", {}, fill(w.grade, grade)) : null, offline ? h("p", { class: "quiet" }, w.was_offline) : null,
    (sentences || []).map((sentence) => h("p", { class: "problem" }, sentence)),
    h("p", { class: "links" }, h("a", { href: visit.data.home, class: "main" }, w.to_today)));
}

// Streamlit scrolls a box of its own, not the page.
const toTop = (visit) => setTimeout(() => visit.root?.scrollIntoView({ block: "start" }), 0);
