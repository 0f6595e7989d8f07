// The menu: pages in sections, the one that is shown marked. What is written is text, never markup.
import { leads } from "../lead.js";
import { redrawn } from "../mounted.js";
import { h } from "../nodes.js";

export const { mount, unmount } = redrawn(({ data, parentElement }) => {
  const menu = h("nav", { className: "menu", lang: data.language, ariaLabel: data.label }, ...data.sections.map(section));
  parentElement.append(menu);
  return () => menu.remove();
});

function section({ title, links }, n) {
  const list = h("ul", {}, ...links.map((link, m) => h("li", {}, way(link, `way-${n}-${m}`))));
  list.setAttribute("aria-labelledby", `title-${n}`);
  return h("section", {}, h("p", { id: `title-${n}` }, title), list);
}

function way({ href, icon, words, here }, id) {
  const sign = h("span", { className: "sign", translate: false }, icon);
  sign.setAttribute("aria-hidden", "true");
  const link = leads(h("a", { href, id }, sign, h("span", { className: "words" }, words)));
  if (here) link.setAttribute("aria-current", "page");
  return link;
}
