// Elements with what lies in them, of the page and of a drawing. Text is always text, never markup.
export function h(tag, values = {}, ...inside) {
  const node = Object.assign(document.createElement(tag), values);
  node.append(...inside);
  return node;
}

export function s(tag, values = {}, ...inside) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
  node.append(...inside);
  return node;
}
