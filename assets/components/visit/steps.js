// The steps of a check, each drawn from what is filled in: there → how things are → photos → conclusion → send.
import { h, button, keys, fill } from "./dom.js";
import { allNormal, gaps, shown } from "./form.js";
import { now } from "./clock.js";
import { field } from "./fields.js";
import { isNear, locate, metres } from "./place.js";

export const stepsOf = (visit) => (visit.isPhone ? [call, facts, conclusion, send] : visit.opened.mode === "data" ? [facts, conclusion, send] : [there, facts, pictures, conclusion, send]);
export const NAMES = { there: "step_there", call: "step_call", facts: "step_facts", pictures: "step_pictures", conclusion: "step_conclusion", send: "step_send" };

const seen = (visit) => !["unreached", "wrong_contact", "refused"].includes(outcomeOf(visit));
const whole = (visit) => outcomeOf(visit) === "completed";
const hours = (at) => new Date(at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });

// --- 到场 ---

export function there(visit, t, w) {
  const { fix, away_because } = visit.content, { place, customer } = visit.opened;
  if (!fix && !visit.locating && !visit.asked) find(visit);
  const away = fix && place ? metres(fix, place) : null, near = fix && place ? isNear(fix, place) : null;
  return [
    card(visit, w),
    h("div", { class: "position", "data-state": fix ? (near === false ? "away" : "found") : visit.locating ? "looking" : "none" },
      h("strong", {}, fix ? (place ? fill(near ? w.here : w.away, length(away, w)) : w.no_mark) : visit.locating ? w.locating : w[`fix_${visit.fixProblem}`] || w.no_fix),
      fix ? h("p", { class: "quiet" }, fill(w.accuracy, Math.round(fix.accuracy_m ?? 0), hours(fix.at))) : null,
      fix ? h("p", { class: "quiet" }, w.tracked) : null,
      place?.words ? h("p", { class: "quiet" }, place.words) : customer.address ? h("p", { class: "quiet" }, customer.address) : null,
      button(fix ? w.locate_again : w.locate, () => find(visit), { class: "plain", disabled: visit.locating })),
    !fix || near === false
      ? h("div", { class: `field${visit.showGaps && isAway(visit) && !away_because?.trim() ? " gap" : ""}`, "data-field": "away_because" }, h("div", { class: "label" }, w.why_away), reason(visit, w.why_away))
      : null,
  ];
}

// Found elsewhere than at the mark: allowed, with a reason.
const isAway = ({ content: { fix }, opened: { place } }) => !!(fix && place && !isNear(fix, place));

// Drawn anew only when there is a first word or none any more, for the check may be sent then, or not.
const reason = (visit, label, given = {}) => h("textarea", { "aria-label": label, rows: "2", maxlength: "200", value: visit.content.away_because || "", ...given,
  oninput: ({ target: { value } }) => visit.change({ away_because: value }, { quiet: !value.trim() === !visit.content.away_because?.trim() }) });

const length = (m, w) => (m < 1000 ? fill(w.metres, Math.round(m)) : fill(w.kilometres, (m / 1000).toFixed(1)));

function find(visit) {
  visit.locating = visit.asked = true;
  visit.fixProblem = null;
  locate(({ fix, final, problem }) => {
    if (visit.ended) return;
    if (final || problem) visit.locating = false;
    visit.fixProblem = problem || null;
    if (fix) visit.change({ fix });
    else visit.changed();
  });
  visit.changed();
}

const yuan = (amount) => Math.round(amount).toLocaleString("en-US");

function card(visit, w) {
  const { customer, links } = visit.opened;
  return h("div", { class: "who" },
    h("p", {}, fill(w.exposure, yuan(customer.exposure)), customer.overdue_days ? h("b", { class: "bad" }, ` · ${fill(w.overdue_days, customer.overdue_days)}`) : null),
    customer.loans.map((x) => h("p", { class: "quiet" }, `${x.product} ${yuan(x.balance)} · ${w.matures} ${x.matures_on}`)),
    links && !visit.isPhone ? h("p", { class: "links" }, Object.entries(links).map(([name, url]) => h("a", { href: url, target: "_blank", rel: "noopener" }, w[`map_${name}`]))) : null);
}

// --- 拨打 ---

export function call(visit, t, w) {
  const { calls, customer } = visit.opened, made = visit.content.calls, latest = made[made.length - 1];
  const hour = Number(now().toLocaleString("en-US", { hour: "numeric", hour12: false, timeZone: "Asia/Shanghai" })) % 24;
  const quiet = calls.collection && (hour < calls.from || hour >= calls.until), enough = calls.collection && calls.today >= calls.most;
  const put = (values) => visit.change({ calls: made.map((one, n) => (n === made.length - 1 ? { ...one, ...values } : one)) });
  return [
    card(visit, w),
    calls.collection ? h("p", { class: quiet || enough ? "problem" : "quiet" }, enough ? fill(w.enough_calls, calls.most) : fill(w.call_hours, calls.from, calls.until, calls.today, calls.most)) : null,
    button(`${w.dial} ${customer.phone || ""}`, () => dial(visit, w), { class: "main dial", disabled: quiet || enough || !customer.phone }),
    made.length > 1 ? h("p", { class: "quiet" }, fill(w.attempts, made.length)) : null,
    latest ? h("div", { class: "field", "data-field": "result" }, h("div", { class: "label" }, fill(w.what_became, hours(latest.at))),
      keys(Object.entries(w.results), latest.result, (result) => put({ result }), { "aria-label": fill(w.what_became, hours(latest.at)) })) : null,
    latest?.result === "self" ? h("div", { class: "field", "data-field": "identity" }, h("div", { class: "label" }, fill(w.verify, calls.needed)),
      (visit.form.identity || []).map((question, n) => h("label", { class: "check" },
        h("input", { type: "checkbox", checked: latest.identity.includes(n), onchange: (e) => put({ identity: e.target.checked ? [...latest.identity, n] : latest.identity.filter((i) => i !== n) }) }), t(question)))) : null,
    (visit.form.script || []).length ? h("details", { class: "row", open: true }, h("summary", {}, w.script), h("ol", {}, visit.form.script.map((line) => h("li", {}, t(line).replace("{name}", customer.name))))) : null,
  ];
}

async function dial(visit, w) {
  try {
    const number = await visit.number();
    visit.change({ calls: [...visit.content.calls, { at: now().toISOString(), result: null, identity: [] }] });
    const link = h("a", { href: `tel:${number.replace(/[^0-9+]/g, "")}` });
    link.click();
  } catch (no) {
    visit.tell(no.message && no.refusal ? no.message : w.no_network_dial);
  }
}

const BEST = ["completed", "partial", "refused", "unreached", "wrong_contact"];
const CALL = { self: "completed", spouse: "partial", other: "partial", no_answer: "unreached", off: "unreached", dead: "wrong_contact", stranger: "wrong_contact", refused: "refused" };

export function outcomeOf(visit) {
  if (!visit.isPhone) return visit.content.outcome || "completed";
  const results = visit.content.calls.map((one) => CALL[one.result]).filter(Boolean);
  return results.sort((a, b) => BEST.indexOf(a) - BEST.indexOf(b))[0] || "unreached";
}

// --- 情况 ---

export function facts(visit, t, w) {
  if (visit.isPhone && !seen(visit)) return [h("p", { class: "quiet" }, visit.content.calls.some((one) => one.result) ? w.nobody_reached : w.no_call)];
  const { answers } = visit.content, open = visit.showGaps ? gaps(visit.form, answers, visit.content.words, visit.last, whole(visit)) : {};
  const asked = new Set(shownCodes(visit));
  return [
    button(w.all_normal, () => visit.change({ answers: allNormal(visit.form, visit.content.answers, visit.opened.begin), conclusion: visit.content.conclusion || "normal" }), { class: "main all-normal" }),
    visit.opened.last ? h("p", { class: "quiet" }, fill(w.last_check, visit.opened.last.on)) : null,
    visit.form.sections.map((section) => h("section", {}, h("h3", {}, t(section.title)), section.fields.filter((item) => asked.has(item.code)).map((item) => field(visit, t, item, open[item.code])))),
  ];
}

const shownCodes = (visit) => shown(visit.form, visit.content.answers, visit.last).map((item) => item.code);

// --- 照片 ---

export function pictures(visit, t, w) {
  const pick = (given) => h("input", { type: "file", accept: "image/*", hidden: true, ...given, onchange: (e) => { const files = [...e.target.files]; e.target.value = ""; visit.addPhotos(files); } });
  const camera = pick({ capture: "environment", "data-pick": "camera" }), gallery = pick({ multiple: true, "data-pick": "gallery" });
  return [
    h("div", { class: "two" }, button(w.take_photo, () => camera.click(), { class: "main" }), button(w.from_gallery, () => gallery.click())), camera, gallery,
    visit.form.photos ? h("p", { class: "quiet" }, fill(w.photos_needed, visit.form.photos)) : null,
    h("div", { class: "photos" }, visit.photos.map((photo) => h("figure", { "data-state": photo.whole ? "sent" : photo.refused ? "refused" : "waiting" },
      h("img", { src: thumb(photo), alt: "" }),
      h("figcaption", {}, photo.refused || (photo.whole ? `✓ ${w.sent}` : visit.offline ? w.waits : `${Math.round((100 * photo.received) / photo.total)}%`)),
      button("×", () => visit.dropPhoto(photo.id), { class: "drop", "aria-label": w.remove })))),
  ];
}

const thumbs = new Map();
function thumb(photo) {
  if (!thumbs.has(photo.id)) thumbs.set(photo.id, URL.createObjectURL(photo.blob));
  return thumbs.get(photo.id);
}

// --- 结论 ---

export function conclusion(visit, t, w) {
  const c = visit.content, strange = visit.abnormal, proposed = visit.opened.proposals[c.conclusion];
  const choose = (to) => visit.change({ conclusion: to, proposed_months: visit.opened.proposals[to]?.months || null, proposed_class: visit.opened.proposals[to]?.class || null });
  return [
    visit.isPhone ? null : question(w.how_it_went, keys(Object.entries(w.outcomes), c.outcome || "completed",
      (to) => visit.change({ outcome: to, ...(["completed", "partial"].includes(to) ? {} : { conclusion: "unable" }) }), { "aria-label": w.how_it_went })),
    seen(visit) && strange.length ? h("p", { class: "problem" }, fill(w.abnormal_items, strange.map((item) => t(item.title)).join("、"))) : null,
    question(w.step_conclusion,
      keys(Object.entries(w.conclusions).filter(([code]) => (seen(visit) ? code !== "normal" || !strange.length : code === "unable")), seen(visit) ? c.conclusion : "unable", choose, { "aria-label": w.step_conclusion }),
      proposed?.level && whole(visit) && !visit.isPhone ? h("p", { class: "warns" }, `⚠ ${fill(w.will_warn, w.levels[proposed.level])}`) : null),
    proposed ? question(w.next_check, keys([1, 3, 6, 12].map((n) => [n, fill(w.months, n)]), c.proposed_months, (n) => visit.change({ proposed_months: n }), { "aria-label": w.next_check })) : null,
    proposed ? question(w.propose_class, keys([["", w.unchanged], ...Object.entries(w.classes)], c.proposed_class || "", (to) => visit.change({ proposed_class: to || null }), { "aria-label": w.propose_class })) : null,
    question([w.note, h("span", { class: "quiet" }, ` ${w.optional}`)], h("textarea", { "aria-label": w.note, rows: "2", maxlength: "2000", value: c.note || "", oninput: (e) => visit.change({ note: e.target.value }, { quiet: true }) })),
    lead(visit, w),
  ];
}

const question = (label, ...answers) => h("div", { class: "field" }, h("div", { class: "label" }, label), answers);

function lead(visit, w) {
  const { leads } = visit.content;
  const put = (n, values) => visit.change({ leads: visit.content.leads.map((one, i) => (i === n ? { ...one, ...values } : one)) }, { quiet: true });
  const line = (n, name, label, given = {}) => question(label, h("input", { "aria-label": label, value: leads[n][name] || "", maxlength: "60", oninput: (e) => put(n, { [name]: e.target.value }), ...given }));
  return h("details", { class: "row", open: leads.length > 0 }, h("summary", {}, w.new_lead),
    leads.map((_, n) => h("div", { class: "lead" }, line(n, "name", w.lead_name), line(n, "phone", w.lead_phone, { inputmode: "tel", maxlength: "20" }), line(n, "wish", w.lead_wish))),
    button(`+ ${w.add_lead}`, () => visit.change({ leads: [...leads, { name: "", phone: "", wish: "" }] }), { class: "plain" }));
}

// Begun, but nobody to go to or nothing to go for: it would be lost.
const isHalf = ({ name, phone, wish }) => (name || phone || wish) && !(name && wish);

// --- 提交 ---

export function send(visit, t, w) {
  const missing = problems(visit, t, w), waiting = visit.photos.filter((photo) => !photo.whole && !photo.refused).length;
  const { todos } = visit.opened, here = todos.filter((todo) => todo.here);
  return [
    h("p", {}, here.length ? fill(w.discharges, here.length) : w.unscheduled),
    todos.length > here.length ? h("p", { class: "quiet" }, fill(w.others_open, todos.length - here.length)) : null,
    missing.length ? h("ul", { class: "gaps" }, byStep(missing).map((gap) => h("li", {}, button([h("b", {}, w[NAMES[gap[0].step.name]]), told(gap, w)], () => leadTo(visit, gap[0]))))) : null,
    visit.photos.length ? h("p", { class: "quiet" }, waiting ? fill(visit.offline ? w.photos_wait_network : w.photos_wait, waiting) : fill(w.photos_sent, visit.photos.length)) : null,
    visit.isPhone || visit.opened.mode === "data" ? null : presence(visit, w),
    visit.locked ? h("p", { class: "sending", role: "status" }, visit.offline ? w.kept_until_network : waiting ? fill(w.photos_wait, waiting) : w.sending)
      : button(w.submit, () => { visit.content.conclusion ||= seen(visit) ? "normal" : "unable"; if (!seen(visit)) visit.content.conclusion = "unable"; visit.submit(); }, { class: "main submit", disabled: missing.length > 0 }),
  ];
}

// What is missing, a line a step: the first few by name, the others counted.
const byStep = (missing) => [...new Set(missing.map((gap) => gap.step))].map((step) => missing.filter((gap) => gap.step === step));
const FEW = 3;
function told(gap, w) {
  const named = gap.slice(0, FEW).map((one) => one.words).join("、");
  return gap.length > FEW ? fill(w.and_more, named, gap.length) : named;
}

// To the step, and there to the first field that is open.
function leadTo(visit, { step, field: code }) {
  visit.showGaps = true;
  visit.change({ step: stepsOf(visit).indexOf(step) });
  setTimeout(() => (visit.root.querySelector(`[data-field="${code}"]`) || visit.root).scrollIntoView({ block: code ? "center" : "start" }), 0);
}

// The grade as the bank would give it now, with its reasons; the officer may say why before he sends.
function presence(visit, w) {
  const { fix } = visit.content;
  if (!fix || !visit.opened.place) return h("p", { class: "quiet" }, fix ? w.no_mark_no_grade : w.no_fix_no_grade);
  if (!visit.locked && !visit.offline) visit.judge();
  const found = visit.judged?.answer;
  if (!found?.grade) return h("p", { class: "quiet" }, visit.offline ? w.judged_on_arrival : visit.judged?.refused || w.judging);
  const telling = found.reasons.filter((reason) => ["fail", "doubt", "note"].includes(reason.verdict));
  return h("div", { class: "presence", "data-grade": found.grade },
    h("strong", {}, `${fill(w.grade, found.grade)} · ${w.grades[found.grade]}`),
    telling.length ? h("ul", {}, telling.map((reason) => h("li", { "data-verdict": reason.verdict }, fill(w.pair, w.verdicts[reason.verdict], reason.words)))) : null,
    visit.offline ? h("p", { class: "quiet" }, w.judged_on_arrival) : null,
    found.for_review ? [h("p", { class: "quiet" }, w.will_be_reviewed),
      h("div", { "data-field": "away_because" }, h("div", { class: "label" }, w.your_reason), reason(visit, w.your_reason, { onchange: () => visit.later() }))] : null);
}

function problems(visit, t, w) {
  const found = [], c = visit.content, missing = (step, words, field) => found.push({ step, words, field });
  const titles = Object.fromEntries(visit.form.sections.flatMap((s) => s.fields).map((item) => [item.code, t(item.title)]));
  if (!visit.isPhone && visit.opened.mode !== "data" && isAway(visit) && !c.away_because?.trim()) missing(there, w.why_away, "away_because");
  if (visit.isPhone && !c.calls.some((one) => one.result)) missing(call, w.no_call);
  if (visit.isPhone && c.calls.some((one) => one.result === "self" && one.identity.length < visit.opened.calls.needed)) missing(call, fill(w.verify, visit.opened.calls.needed), "identity");
  if (seen(visit)) for (const [code, what] of Object.entries(gaps(visit.form, c.answers, c.words, visit.last, whole(visit)))) missing(facts, what === "words" ? fill(w.needs_words, titles[code]) : titles[code], code);
  if (whole(visit) && !visit.isPhone && visit.form.photos > c.photos.length) missing(pictures, fill(w.photos_needed, visit.form.photos));
  if (seen(visit) && !c.conclusion) missing(conclusion, w.choose_conclusion);
  if (seen(visit) && c.conclusion === "normal" && visit.abnormal.length) missing(conclusion, w.not_normal);
  if (c.leads.some(isHalf)) missing(conclusion, w.half_lead);
  return found;
}
