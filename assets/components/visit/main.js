// Draws a check into its place on the page, and again whenever something changed.
import { h, button, fill } from "./dom.js";
import { NAMES, stepsOf } from "./steps.js";
import { Visit } from "./visit.js";

const mounted = new WeakMap();

// When the line is lost Streamlit says so in a dialog that makes everything beneath it deaf. The form says it itself and
// goes on, so the dialog is closed as soon as it opens.
const watching = new MutationObserver(() => {
  for (const dialog of document.querySelectorAll("[data-testid=stDialog]")) dialog.querySelector("button[aria-label]")?.click();
});

// Streamlit lets go of a component and takes hold of it again with every run, also when the line is lost: the same form
// goes on living under the new hold.
export function mount({ data, parentElement, hold }) {
  const before = mounted.get(parentElement);
  if (before?.id === JSON.stringify(data)) return (before.hold = hold);
  before?.visit.end();
  const root = h("div", { class: "visit", lang: data.language });
  parentElement.querySelector(".visit")?.remove();
  parentElement.append(root);
  const visit = new Visit(data, () => draw(root, visit));
  visit.root = root;
  visit.told = () => { const place = root.querySelector(".saved"); if (place) place.textContent = saved(visit); };
  root.addEventListener("compositionstart", () => { root.composing = true; });
  root.addEventListener("compositionend", () => { root.composing = false; if (root.late) { root.late = false; draw(root, visit); } });
  mounted.set(parentElement, { id: JSON.stringify(data), visit, hold });
  document.documentElement.classList.add("vigil-visit");
  watching.observe(document.body, { childList: true });
  draw(root, visit);
  visit.begin();
}

export function unmount(parentElement, hold) {
  setTimeout(() => {
    const now = mounted.get(parentElement);
    if (now?.hold !== hold) return;
    now.visit.end();
    mounted.delete(parentElement);
    document.documentElement.classList.remove("vigil-visit");
    watching.disconnect();
  }, 300);
}

const saved = (visit) => (visit.counter > visit.saved ? visit.data.words.kept_here : visit.data.words.kept_on_server);

// Not while a character is being put together: an input method loses what it has begun when its field is drawn anew.
function draw(root, visit) {
  if (root.composing) return (root.late = true);
  const w = visit.data.words, t = (title) => title[visit.data.language] || title.zh || Object.values(title)[0];
  const typing = root.getRootNode().activeElement, at = typing && root.contains(typing) ? whereabouts(root, typing) : null, caret = typing?.selectionStart;
  if (visit.receipt) return root.replaceChildren(done(visit, w));
  if (!visit.opened) {
    const words = visit.problem || (visit.unanswered ? w.no_answer : w.opening);
    return root.replaceChildren(h("p", { class: visit.problem ? "problem" : "quiet", role: "status" }, words));
  }
  root.replaceChildren(...whole(visit, t, w).filter(Boolean));
  visit.drawn = visit.asks();
  const again = at && root.querySelectorAll(at.place)[at.nth];
  again?.focus({ preventScroll: true });
  if (again && caret !== null && caret !== undefined && /text|search|tel/.test(again.type)) again.setSelectionRange(caret, caret);
}

// The field somebody types in, told so that it is found again among new elements.
function whereabouts(root, typing) {
  const code = typing.closest("[data-field]")?.dataset.field, place = `${code ? `[data-field="${code}"] ` : ""}:is(input, textarea)`;
  return { place, nth: [...root.querySelectorAll(place)].indexOf(typing) };
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
