// The line on a card: no axes, no words, and as little work as a line can be.
import { s } from "../nodes.js";

const WIDE = 100, TALL = 40, EDGE = 2; // the drawing's own units; it is stretched to its card

export function trend(values, alt) {
  const low = Math.min(...values), span = Math.max(...values) - low || 1;
  const put = (value, n) => [(n / (values.length - 1)) * WIDE, TALL - EDGE - ((value - low) / span) * (TALL - 2 * EDGE)].map((at) => at.toFixed(2)).join(",");
  const line = values.map(put).join(" ");
  return s("svg", { class: "trend", viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", role: "img", "aria-label": alt },
    s("polygon", { points: `0,${TALL} ${line} ${WIDE},${TALL}` }), s("polyline", { points: line }));
}
