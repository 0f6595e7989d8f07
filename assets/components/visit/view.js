// Draws a check into its place, and again whenever something changed.
import { h, button, fill } from "./dom.js";
import { NAMES, stepsOf } from "./steps.js";
import { Visit } from "./visit.js";

// `leave`: back to the list of the day.
export function showVisit(root, data, leave) {
  const visit = new Visit(data, () => draw(root, visit));
  Object.assign(visit, { root, leave });
  visit.told = () => { const place = root.querySelector(".saved"); if (place) place.textContent = saved(visit); };
  root.oncompositionstart = () => { root.composing = true; };
  root.oncompositionend = () => { root.composing = false; if (root.late) { root.late = false; draw(root, visit); } };
  draw(root, visit);
  visit.begin();
  return visit;
}

const saved = (visit) => (visit.elsewhere ? "" : visit.counter > visit.saved ? visit.data.words.kept_here : visit.data.words.kept_on_server);

// Not while a character is being put together: an input method loses what it has begun when its field is drawn anew.
function draw(root, visit) {
  if (visit.left) return;
  if (root.composing) return (root.late = true);
  const w = visit.data.words, t = (title) => title[visit.data.language] || title.zh || Object.values(title)[0];
  const typing = root.getRootNode().activeElement, at = typing && root.contains(typing) ? whereabouts(root, typing) : null, caret = typing?.selectionStart;
  if (visit.receipt) return root.replaceChildren(done(visit, w));
  if (!visit.opened) {
    const words = visit.problem || (visit.unanswered ? w.no_answer : w.opening);
    return root.replaceChildren(h("p", { class: visit.problem ? "problem" : "quiet", role: "status" }, words), back(visit, w));
  }
  root.replaceChildren(...whole(visit, t, w).filter(Boolean));
  visit.drawn = visit.asks();
  const again = at && root.querySelectorAll(at.place)[at.nth];
  again?.focus({ preventScroll: true });
  if (again && caret !== null && caret !== undefined && /text|search|tel/.test(again.type)) again.setSelectionRange(caret, caret);
}

// The field somebody types in, or the key somebody has pressed, told so that it is found again among new elements.
function whereabouts(root, typing) {
  const code = typing.closest("[data-field]")?.dataset.field, place = `${code ? `[data-field="${code}"] ` : ""}:is(input, textarea, button, summary)`;
  return { place, nth: [...root.querySelectorAll(place)].indexOf(typing) };
}

function whole(visit, t, w) {
  const steps = stepsOf(visit), at = Math.min(visit.content.step || 0, steps.length - 1);
  const go = (step) => { visit.change({ step }); toTop(visit); };
  return [
    h("header", {}, h("h2", {}, visit.opened.customer.name), h("p", { class: "quiet" }, `${w.kinds[visit.opened.kind]} · ${t(visit.form.title)}`)),
    h("nav", { class: "steps", "aria-label": w.steps }, steps.map((step, n) => button(w[NAMES[step.name]], () => go(n), { class: n === at ? "now" : "", "aria-current": n === at ? "step" : null }))),
    visit.offline ? h("div", { class: "offline", role: "status" }, h("p", {}, w.offline), back(visit, w)) : null,
    visit.opened.begun_by ? h("p", { class: "quiet begun-by" }, fill(w.begun_by, visit.opened.begun_by)) : null,
    visit.note ? h("p", { class: "quiet" }, w[visit.note]) : null,
    visit.problem ? h("p", { class: "problem", role: "alert" }, visit.problem) : null,
    visit.elsewhere ? back(visit, w) : null,
    visit.signedOut ? button(w.sign_in, () => location.reload(), { class: "plain" }) : null,
    h("fieldset", { class: "step", "data-step": steps[at].name, disabled: visit.locked }, steps[at](visit, t, w)),
    h("footer", {}, at > 0 ? button(w.back, () => go(at - 1), { disabled: visit.locked }) : h("span"),
      h("span", { class: "quiet saved" }, saved(visit)),
      at < steps.length - 1 ? button(w.next, () => go(at + 1), { class: "main next" }) : h("span")),
  ];
}

const back = (visit, w) => button(`‹ ${w.to_today}`, () => visit.leave(), { class: "plain to-day" });

function done(visit, w) {
  const { record, grade, sentences, offline } = visit.receipt;
  return h("div", { class: "done", role: "status" }, h("h2", {}, `✓ ${w.recorded}`), h("p", {}, fill(w.record_number, record)),
    grade ? h("p", {}, fill(w.grade, grade)) : null, offline ? h("p", { class: "quiet" }, w.was_offline) : null,
    (sentences || []).map((sentence) => h("p", { class: "problem" }, sentence)),
    h("p", { class: "links" }, button(w.to_today, () => visit.leave(), { class: "main" })));
}

// Streamlit scrolls a box of its own, not the page.
const toTop = (visit) => setTimeout(() => visit.root?.scrollIntoView({ block: "start" }), 0);
