// The list of the day while the bank does not answer: read from the phone, each check to be begun or gone on with.
import { h, button, fill } from "./dom.js";

// `forms`: what this phone has kept, by the text of what was asked for.
export function drawDay(root, day, forms, w, open) {
  const waiting = [...forms.values()].filter((row) => row.content.sent).length;
  root.replaceChildren(
    h("header", {}, h("h1", {}, day ? day.title : w.day), h("p", { class: "offline", role: "status" }, w.day_offline)),
    waiting ? h("p", { class: "quiet" }, fill(w.checks_wait, waiting)) : "",
    ...(day?.customers.length ? day.customers.map((customer) => card(customer, forms, w, open)) : [h("p", { class: "quiet" }, w.day_empty)]),
  );
}

function card(customer, forms, w, open) {
  return h("section", { class: "card", "data-customer": customer.no },
    h("h2", {}, customer.name),
    h("p", { class: "quiet" }, customer.facts),
    customer.todos.map((todo) => work(todo, forms.get(JSON.stringify(todo.ask)), w, open)),
    customer.links ? h("p", { class: "links" }, Object.entries(customer.links).map(([name, url]) => h("a", { href: url, target: "_blank", rel: "noopener" }, w[`map_${name}`]))) : null);
}

function work(todo, row, w, open) {
  const begin = !row ? h("span", { class: "quiet" }, w.not_along)
    : row.content.sent ? h("span", { class: "quiet" }, `✓ ${w.waits}`)
    : button(row.counter ? w.go_on : w.start, () => open(todo.ask), { class: "main start" });
  return h("div", { class: "work" }, h("p", { class: todo.late ? "bad" : "" }, todo.late ? `⚠ ${todo.title}` : todo.title), begin);
}
