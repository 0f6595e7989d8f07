// Large figures in cards: value, change, trend, and the way to their rows; or findings, well or not. What is written is text, never markup.
import { leads } from "../lead.js";
import { redrawn } from "../mounted.js";
import { h, s } from "../nodes.js";
import { trend } from "./trend.js";

const CIRCLE = "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18z";
const SIGNS = {
  "+": "M12 20V5M5.5 11.5L12 5l6.5 6.5", "-": "M12 4v15M5.5 12.5L12 19l6.5-6.5", on: "M4 12h15M12.5 5.5L19 12l-6.5 6.5",
  well: `${CIRCLE}M7.5 12.5l3 3l6-6.5`, ill: `${CIRCLE}M12 7v6M12 16v.6`, help: `${CIRCLE}M9.4 9.6a2.6 2.6 0 1 1 3.9 2.2c-.9.5-1.3 1-1.3 2M12 16.5v.6`,
};

export const { mount, unmount } = redrawn(({ data, parentElement }) => {
  const all = h("div", { className: "figures", lang: data.language }, ...data.figures.map(card));
  all.style.setProperty("--least", `${data.least}px`);
  all.style.setProperty("--columns", data.columns);
  parentElement.append(all);
  return () => all.remove();
});

function card(figure, n) {
  const { label, value, moved, note, tone, series, trend: alt, link } = figure;
  const one = h("div", { className: `figure ${tone}`, role: "group", ariaLabel: label }, heading(figure, n));
  if (value) one.append(h("div", { className: "value" }, value));
  if (moved || note) one.append(h("div", { className: "beside" }, ...(moved ? [pill(moved)] : []), h("span", {}, note)));
  if (series.length > 1) one.append(trend(series, alt));
  if (link) one.append(way(link, n));
  return one;
}

function heading({ label, help, fine }, n) {
  const mark = fine === null ? [] : [h("span", { className: fine ? "well" : "ill" }, sign(SIGNS[fine ? "well" : "ill"]))];
  const line = h("div", { className: fine === null ? "label" : "finding" }, ...mark, h("span", {}, label));
  if (help) line.append(...told(label, help, `help-${n}`));
  return line;
}

// Shown to a mouse above it and to whoever has put the focus on it, as on a phone.
function told(label, help, id) {
  const about = h("button", { type: "button", className: "help", id, ariaLabel: label }, sign(SIGNS.help));
  about.setAttribute("aria-describedby", `${id}-words`);
  return [about, h("span", { className: "words", role: "tooltip", id: `${id}-words` }, help)];
}

const pill = (moved) => h("span", { className: "moved" }, ...(SIGNS[moved[0]] ? [sign(SIGNS[moved[0]])] : []), moved);

function way({ href, words, label }, n) {
  return leads(h("a", { href, id: `open-${n}`, ariaLabel: label }, sign(SIGNS.on), words));
}

// As large as the writing around it, in strokes of its colour.
const sign = (path) => s("svg", { class: "sign", viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: path }));
