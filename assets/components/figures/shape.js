const SVG = "http://www.w3.org/2000/svg";

export function shape(tag, values) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
  return node;
}

// A sign as large as the writing around it, in strokes of its colour.
export function sign(path) {
  const root = shape("svg", { class: "sign", viewBox: "0 0 24 24", "aria-hidden": "true" });
  root.append(shape("path", { d: path }));
  return root;
}
