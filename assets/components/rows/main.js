// A table whose rows lead on: text, sorted by whoever taps a heading. What is written is text, never markup.
import { redrawn } from "../mounted.js";
import { whenNear } from "../near.js";
import { h } from "../nodes.js";

const sorted = new WeakMap(); // place: by which column, and whether downwards; it outlives what is drawn
const waiting = new WeakMap(); // body of a table: what gives up waiting for whoever scrolls to its last rows

export const { mount, unmount } = redrawn((given) => {
  const { data, parentElement } = given, body = h("tbody"), head = data.columns.map((column, n) => heading(column, n, (at) => turn(given, at, head, body)));
  const table = h("table", { ariaLabel: data.alt }, h("thead", {}, h("tr", {}, ...head)), body);
  const frame = h("div", { className: `rows ${data.leads ? "leading" : ""}`, lang: data.language }, table);
  if (data.rows.length > data.tallest) frame.tabIndex = 0; // it scrolls in itself, by keys too
  frame.style.setProperty("--row", `${data.row}px`);
  frame.style.setProperty("--lines", Math.min(data.rows.length, data.tallest) + 1);
  parentElement.append(frame);
  fill(given, head, body);
  return () => { waiting.get(body)?.(); frame.remove(); };
});

function heading({ label, help, width, right }, n, tapped) {
  const cell = h("th", { scope: "col", className: right ? "right" : "", title: help }, h("button", { type: "button", id: `sort-${n}`, onclick: () => tapped(n) }, label));
  if (width) cell.style.minWidth = `${width}px`;
  return cell;
}

// Upwards, downwards, and as it was.
function turn(given, at, head, body) {
  const now = sorted.get(given.parentElement), again = now?.at === at;
  if (again && now.down) sorted.delete(given.parentElement);
  else sorted.set(given.parentElement, { at, down: again });
  fill(given, head, body);
}

function fill(given, head, body) {
  const { data, parentElement } = given, by = sorted.get(parentElement);
  head.forEach((cell, n) => { by?.at === n ? cell.setAttribute("aria-sort", by.down ? "descending" : "ascending") : cell.removeAttribute("aria-sort"); });
  const order = [...data.rows.keys()];
  if (by) order.sort((a, b) => compared(data.rows[a][by.at][1], data.rows[b][by.at][1], by.down ? -1 : 1));
  waiting.get(body)?.();
  const first = 2 * data.tallest, lines = (part) => part.map((n) => line(given, n));
  body.replaceChildren(...lines(order.slice(0, first)));
  if (order.length > first) waiting.set(body, later(body, order.length - first, data.columns.length, () => lines(order.slice(first))));
}

// Rows that one must scroll to have their room from the beginning, and are written once one does.
function later(body, rows, columns, lines) {
  const room = h("tr", { ariaHidden: "true" }, h("td", { colSpan: columns }));
  room.style.height = `calc(var(--row) * ${rows})`;
  body.append(room);
  return whenNear(room, () => room.replaceWith(...lines()));
}

// What there is nothing of stands last, whichever way.
function compared(a, b, way) {
  if (a === null || b === null) return (a === null) - (b === null);
  return way * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "zh"));
}

function line({ data, setTriggerValue }, row) {
  const pick = (column) => setTriggerValue("picked", { row, column });
  const cells = data.rows[row].map(([text, , colour], column) => {
    const inside = written(text, colour), leads = data.leads === "cell" || (data.leads && column === 0);
    const cell = h("td", { className: data.columns[column].right ? "right" : "", title: text.length > 14 ? text : "" });
    cell.append(leads ? h("button", { type: "button", id: `open-${row}-${column}` }, inside) : inside);
    if (data.leads) cell.onclick = () => pick(column);
    return cell;
  });
  return h("tr", {}, ...cells);
}

// A colour with a shade of see-through lies behind a word, any other is that of the writing.
function written(text, colour) {
  if (!colour) return text;
  const one = h("span", { className: colour.length > 7 ? "chip" : "" }, text);
  one.style.setProperty(colour.length > 7 ? "background" : "color", colour);
  return one;
}
