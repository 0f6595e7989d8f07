// What a form asks and what is out of the ordinary: the same judgement as engine/forms.py, made before anything is sent.
export const items = (form) => form.sections.flatMap((section) => section.fields);

export const isEmpty = (value) =>
  value === undefined || value === null || (Array.isArray(value) && !value.length) || (typeof value === "string" && !value.trim());

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

export function isAbnormal(item, value, last) {
  if (item.type === "yes_no") return item.normal !== undefined && item.normal !== null && typeof value === "boolean" && value !== item.normal;
  if (item.type === "choice") return item.options.some((option) => option.abnormal && option.code === value);
  if (item.type === "table") return Array.isArray(value) && value.some((row) => item.columns.some((column) => isAbnormal(column, row[column.code])));
  return !!item.drop && isNumber(value) && isNumber(last) && value < last * (1 - item.drop);
}

export function shown(form, answers, last = {}) {
  const found = new Map();
  for (const item of items(form)) if (!item.when || holds(item.when, found.get(item.when.field), answers, last)) found.set(item.code, item);
  return [...found.values()];
}

function holds(when, item, answers, last) {
  const value = answers[when.field];
  if (!item || value === undefined || value === null) return false;
  if (when.abnormal !== undefined && when.abnormal !== null) return isAbnormal(item, value, last[item.code]) === when.abnormal;
  return when.in ? when.in.includes(value) : value === when.is;
}

export const abnormalItems = (form, answers, last = {}) =>
  shown(form, answers, last).filter((item) => isAbnormal(item, answers[item.code], last[item.code]));

// "All normal": what has a normal answer gets it, what is empty begins as it was known; what was typed stays.
export function allNormal(form, answers, begin) {
  const filled = { ...begin, ...answers };
  for (const item of items(form)) if (item.normal !== undefined && item.normal !== null) filled[item.code] = item.normal;
  return filled;
}

// {code: what is missing}: "empty" or "words"
export function gaps(form, answers, words, last = {}, whole = true) {
  const found = {};
  for (const item of shown(form, answers, last)) {
    const value = answers[item.code];
    if (isEmpty(value)) {
      if (whole && item.required !== false) found[item.code] = "empty";
    } else if (item.type === "table" && value.some((row) => item.columns.some((c) => c.required !== false && isEmpty(row[c.code])))) found[item.code] = "empty";
    else if (isAbnormal(item, value, last[item.code]) && item.words !== false && (words[item.code] || "").trim().length < (form.words || 20)) found[item.code] = "words";
  }
  return found;
}
