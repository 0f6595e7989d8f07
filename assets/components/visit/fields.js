// One field of a form, as thumbs use it. A change that other fields may hang on draws the step anew; typing does not.
import { h, button, keys, fill } from "./dom.js";
import { isAbnormal, isEmpty } from "./form.js";

export function field(visit, t, item, gap) {
  const { answers, words } = visit.content, value = answers[item.code], last = visit.last[item.code];
  const set = (to, quiet) => visit.change({ answers: { ...visit.content.answers, [item.code]: to } }, { quiet });
  const strange = !isEmpty(value) && isAbnormal(item, value, last);
  return h("div", { class: `field${strange ? " strange" : ""}${gap ? " gap" : ""}`, "data-field": item.code },
    h("div", { class: "label" }, t(item.title), item.required === false ? h("span", { class: "quiet" }, ` ${visit.data.words.optional}`) : null),
    item.hint ? h("p", { class: "quiet" }, t(item.hint)) : null,
    item.type === "table" ? table(visit, t, item, value || []) : input(visit, t, item, value, set, t(item.title)),
    showsLast(visit, t, item, last),
    strange && item.words !== false ? because(visit, t, item, words[item.code] || "") : null,
  );
}

function showsLast(visit, t, item, last) {
  if (isEmpty(last) || item.type === "table" || typeof last === "boolean") return null;
  return h("p", { class: "quiet" }, fill(visit.data.words.last_time, inWords(visit, t, item, last)));
}

function inWords(visit, t, item, value) {
  if (isEmpty(value)) return "—";
  if (typeof value === "boolean") return value ? visit.data.words.yes : visit.data.words.no;
  if (item.type === "money" && typeof value === "number") return value.toLocaleString("en-US");
  const known = item.options?.find((option) => option.code === value);
  return known ? t(known.title) : String(value);
}

function input(visit, t, item, value, set, label) {
  const w = visit.data.words, named = { "aria-label": label };
  switch (item.type) {
    case "yes_no":
      return keys([[true, w.yes, item.normal === false ? "odd" : ""], [false, w.no, item.normal === true ? "odd" : ""]], value, (to) => set(to), named);
    case "choice":
      return keys(item.options.map((o) => [o.code, t(o.title), o.abnormal ? "odd" : ""]), value, (to) => set(to), named);
    case "date":
      return h("input", { ...named, type: "date", value: value || "", onchange: (e) => set(e.target.value || null) });
    case "text":
      return h("textarea", { ...named, rows: "2", maxlength: "2000", value: value || "", oninput: (e) => set(e.target.value, true) });
  }
  const number = (text) => (text.trim() === "" || !Number.isFinite(Number(text.replaceAll(",", ""))) ? null : Number(text.replaceAll(",", "")));
  return h("div", { class: "number" },
    h("input", { ...named, inputmode: "decimal", autocomplete: "off", value: value ?? "", oninput: (e) => set(number(e.target.value), true), onchange: () => visit.settle() }),
    h("span", {}, item.type === "money" ? w.yuan : item.unit ? t(item.unit) : ""));
}

function because(visit, t, item, said) {
  const needed = visit.form.words || 20, w = visit.data.words;
  const left = h("span", { class: "quiet" });
  const count = (text) => { left.textContent = text.trim().length < needed ? fill(w.more_characters, needed - text.trim().length) : ""; };
  count(said);
  return h("div", { class: "because" },
    h("textarea", { rows: "2", maxlength: "2000", placeholder: w.what_is_abnormal, "aria-label": `${t(item.title)}: ${w.what_is_abnormal}`, value: said, oninput: (e) => {
      count(e.target.value);
      visit.change({ words: { ...visit.content.words, [item.code]: e.target.value } }, { quiet: true });
    } }), left);
}

function table(visit, t, item, rows) {
  const put = (next, quiet) => visit.change({ answers: { ...visit.content.answers, [item.code]: next } }, { quiet });
  const cell = (column, n) => {
    const current = () => visit.content.answers[item.code] || [];
    const set = (to, quiet) => put(current().map((row, i) => (i === n ? { ...row, [column.code]: to } : row)), quiet);
    const odd = isAbnormal(column, rows[n][column.code]);
    return h("div", { class: `cell${odd ? " strange" : ""}`, "data-field": column.code }, h("div", { class: "label" }, t(column.title)), input(visit, t, column, rows[n][column.code], set, `${n + 1}. ${t(column.title)}`));
  };
  const fresh = Object.fromEntries(item.columns.filter((c) => c.normal !== undefined && c.normal !== null).map((c) => [c.code, c.normal]));
  return h("div", { class: "rows" },
    rows.map((_, n) => h("details", { class: "row", open: rows.length < 3 },
      h("summary", {}, `${n + 1}. ${item.columns.slice(0, 2).map((c) => inWords(visit, t, c, rows[n][c.code])).join(" · ")}`),
      item.columns.map((column) => cell(column, n)),
      button(visit.data.words.remove, () => put(rows.filter((_, i) => i !== n)), { class: "plain" }))),
    button(`+ ${visit.data.words.add_row}`, () => put([...rows, fresh]), { class: "plain" }));
}
