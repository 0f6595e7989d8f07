// Elements from words: h("button", { onclick }, "Next"). Text is always text, never markup.
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on") || name === "value" || name === "checked" || name === "disabled") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

export const button = (label, onclick, given = {}) => h("button", { type: "button", onclick, ...given }, label);

// One of several, as large keys beside each other.
export function keys(options, chosen, choose, given = {}) {
  return h("div", { class: "keys", role: "radiogroup", ...given }, options.map(([value, label, kind]) =>
    button(label, () => choose(value), { role: "radio", "aria-checked": String(value === chosen), class: `key ${kind || ""}`, "data-value": String(value) })));
}

// "{0} of {1}" with its places filled in.
export const fill = (text, ...values) => text.replace(/\{(\d)\}/g, (_, n) => values[n]);
