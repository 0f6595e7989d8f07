// The line on a card: no axes, no words, and as little work as a line can be.
import { redrawn } from "../mounted.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 100, TALL = 40, EDGE = 2; // the drawing's own units; it is stretched to its card

const s = (tag, values) => {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
  return node;
};

export const { mount, unmount } = redrawn(({ data, parentElement }) => {
  const line = trend(data);
  parentElement.append(line);
  return () => line.remove();
});

function trend({ values, colour, alt, height }) {
  const low = Math.min(...values), span = Math.max(...values) - low || 1;
  const put = (value, n) => [(n / (values.length - 1)) * WIDE, TALL - EDGE - ((value - low) / span) * (TALL - 2 * EDGE)].map((at) => at.toFixed(2)).join(",");
  const line = values.map(put).join(" "), ink = `var(--st-${colour}-color)`;
  const root = s("svg", { class: "trend", viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", role: "img", "aria-label": alt, style: `height:${height}px;color:${ink}` });
  root.append(s("polygon", { points: `0,${TALL} ${line} ${WIDE},${TALL}` }), s("polyline", { points: line }));
  return root;
}
