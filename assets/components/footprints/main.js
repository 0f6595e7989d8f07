// A day's track on the outline of the districts, played in time. Drawn as SVG: no tiles, no other host.
import { withRoom } from "../map/names.js";
import { redrawn } from "../mounted.js";
import { whenNear } from "../near.js";
import { h, s } from "../nodes.js";

const LETTER = 14, ASIDE = [[0, 0], [0, -1], [0, 1], [0.5, 0], [-0.5, 0], [0.5, -1], [-0.5, -1], [0.5, 1], [-0.5, 1]]; // a name's size, and where it may move
const WIDE = 720, TALL = 440, LASTS = 14000, JUMP = 900; // the drawing's own units; milliseconds of a whole day at normal speed

const on = (node, acts) => {
  for (const [name, act] of Object.entries(acts)) node.addEventListener(name, act);
  return node;
};

export const { mount, unmount } = redrawn(({ data: given, parentElement, setTriggerValue }) => {
  const data = { ...given, rings: given.rings.map((ring) => ({ ...ring, middle: place(ring.middle), points: ring.points.map(place) })) };
  if (data.heat) return heat(data, setTriggerValue, parentElement);
  const player = new Player(data);
  parentElement.append(player.root);
  return () => { player.stop(); player.root.remove(); };
});

const place = ([lat, lon]) => ({ lat, lon });

class Player {
  constructor(data) {
    Object.assign(this, { data, at: 1, speed: 1, running: null });
    this.view = fit([...data.line, ...data.stops]);
    this.begin = data.line[0].at;
    this.long = Math.max(1, data.line.at(-1).at - this.begin);
    this.root = h("div", { className: "track", lang: data.language }, this.drawing(), this.controls());
    this.show();
  }

  drawing() {
    const { line, stops, rings, words } = this.data, { put } = this.view;
    const path = (points) => points.map((p) => put(p).map((n) => n.toFixed(1)).join(",")).join(" ");
    this.done = s("polyline", { class: "done" });
    this.here = s("circle", { class: "here", r: 20 });
    this.marks = stops.map((stop) => {
      const [x, y] = put(stop);
      return s("g", { class: `stop ${stop.tone}`, transform: `translate(${x.toFixed(1)},${y.toFixed(1)})` },
        s("circle", { r: 15 }), s("text", { dy: "0.35em" }, String(stop.n)), s("title", {}, `${stop.n}. ${stop.name}`));
    });
    return s("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, role: "img", "aria-label": words.map },
      ...rings.map((ring) => s("polygon", { class: "district", points: path(ring.points) })),
      ...rings.map((ring) => s("text", { class: "place", x: put(ring.middle)[0], y: put(ring.middle)[1] }, ring.name)),
      s("polyline", { class: "way", points: path(line) }), this.done, this.here, ...this.marks, this.scale());
  }

  scale() {
    const km = [0.2, 0.5, 1, 2, 5, 10, 20, 50].find((n) => n * this.view.per_km > 70) || 100, long = km * this.view.per_km;
    return s("g", { class: "scale", transform: `translate(16,${TALL - 16})` }, s("path", { d: `M0,-6V0H${long}V-6` }),
      s("text", { x: long + 6, y: 0 }, km < 1 ? `${km * 1000} m` : `${km} km`));
  }

  controls() {
    const { words } = this.data;
    this.button = h("button", { type: "button", className: "play", onclick: () => (this.running ? this.stop() : this.play()) });
    this.slider = h("input", { type: "range", min: 0, max: 1000, value: 1000, oninput: () => { this.at = this.slider.value / 1000; this.stop(); } });
    this.slider.setAttribute("aria-label", words.time);
    this.faster = h("button", { type: "button", className: "speed", onclick: () => { this.speed = { 1: 2, 2: 4, 4: 1 }[this.speed]; this.show(); } });
    this.faster.setAttribute("aria-label", words.speed);
    this.clock = h("output", {});
    return h("div", { className: "controls" }, this.button, this.slider, this.clock, this.faster);
  }

  play() {
    if (this.at >= 1) this.at = 0;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.jump();
    let last = performance.now();
    const frame = (now) => {
      this.at = Math.min(1, this.at + ((now - last) / LASTS) * this.speed);
      last = now;
      this.running = this.at < 1 ? requestAnimationFrame(frame) : null;
      this.show();
    };
    this.running = requestAnimationFrame(frame);
    this.show();
  }

  // For whoever wants no movement: from stop to stop.
  jump() {
    const moments = this.data.stops.map((stop) => (stop.at - this.begin) / this.long);
    const next = moments.find((at) => at > this.at + 1e-9) ?? 1;
    this.at = Math.min(1, Math.max(0, next));
    this.running = this.at < 1 ? setTimeout(() => this.jump(), JUMP / this.speed) : null;
    this.show();
  }

  stop() {
    cancelAnimationFrame(this.running);
    clearTimeout(this.running);
    this.running = null;
    this.show();
  }

  show() {
    const { words, line, stops } = this.data, now = this.begin + this.at * this.long;
    const past = line.filter((p) => p.at <= now), here = between(line, now);
    this.done.setAttribute("points", [...past, here].map((p) => this.view.put(p).map((n) => n.toFixed(1)).join(",")).join(" "));
    const [x, y] = this.view.put(here);
    this.here.setAttribute("cx", x);
    this.here.setAttribute("cy", y);
    this.marks.forEach((mark, n) => mark.classList.toggle("reached", stops[n].at <= now));
    this.slider.value = Math.round(this.at * 1000);
    this.button.textContent = this.running ? "❚❚" : "▶";
    this.button.setAttribute("aria-label", this.running ? words.pause : words.play);
    this.faster.textContent = `${this.speed}×`;
    this.clock.textContent = new Date(now).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });
  }
}

// Where visits were made: a square for each part of the map, the more visits the deeper its colour. A tap opens its visits.
function heat(data, tell, parentElement) {
  const root = h("div", { className: "track heat", lang: data.language });
  parentElement.append(root);
  const wait = whenNear(root, () => root.append(...warm(data, tell)));
  return () => { wait(); root.remove(); };
}

function warm(data, tell) {
  const view = fit(data.near ? data.heat : data.rings.flatMap((ring) => ring.points), data.near ? 90 : 20), { put } = view, most = Math.max(1, ...data.heat.map((cell) => cell.visits));
  const path = (points) => points.map((p) => put(p).map((n) => n.toFixed(1)).join(",")).join(" ");
  const square = (cell) => {
    const high = data.step[0] / 2, wide = data.step[1] / 2, [west, north] = put({ lat: cell.lat + high, lon: cell.lon - wide }), [east, south] = put({ lat: cell.lat - high, lon: cell.lon + wide });
    const open = () => tell("cell", cell.key), deep = Math.round(22 + 73 * Math.sqrt(cell.visits / most));
    return on(s("rect", {
      class: cell.key === data.chosen ? "cell chosen" : "cell", x: west, y: north, width: east - west, height: south - north, tabindex: 0, role: "button",
      "aria-label": cell.name, style: `fill: color-mix(in srgb, var(--warm) ${deep}%, transparent)`,
    }, s("title", {}, cell.name)), { click: open, keydown: (pressed) => pressed.key === "Enter" && open() });
  };
  const svg = s("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, role: "group", "aria-label": data.words.map },
    ...data.rings.map((ring) => s("polygon", { class: "district", points: path(ring.points) })),
    ...data.heat.map(square),
    ...withRoom(data.rings.filter((ring) => ring.named && (ring.visits || wide(ring, put) > 70)).map((ring) => {
      const [x, y] = put(ring.middle);
      return { text: ring.visits ? `${ring.name} ${ring.visits}` : ring.name, x, y, weight: ring.visits };
    }), LETTER, ASIDE).map(({ text, x, y }) => s("text", { class: "place", x, y }, text)));
  const steps = [0.1, 0.4, 1].map((share) => h("i", { style: `background: color-mix(in srgb, var(--warm) ${Math.round(22 + 73 * Math.sqrt(share))}%, transparent)` }));
  return [svg, h("p", { className: "legend" }, data.words.few, ...steps, `${data.words.many} ${most}`)];
}

const wide = (ring, put) => { const xs = ring.points.map((p) => put(p)[0]); return Math.max(...xs) - Math.min(...xs); };

// Where somebody was at a moment, moving evenly between two positions.
function between(line, now) {
  const n = line.findIndex((p) => p.at > now);
  if (n < 0) return line.at(-1);
  if (n === 0) return line[0];
  const [a, b] = [line[n - 1], line[n]], share = (now - a.at) / Math.max(1, b.at - a.at);
  return { lat: a.lat + (b.lat - a.lat) * share, lon: a.lon + (b.lon - a.lon) * share };
}

// All points in the middle of the drawing, at one scale; never nearer than a few kilometres.
function fit(points, edge = 55) {
  const lats = points.map((p) => p.lat), lons = points.map((p) => p.lon);
  const lat = (Math.min(...lats) + Math.max(...lats)) / 2, lon = (Math.min(...lons) + Math.max(...lons)) / 2;
  const narrow = Math.cos((lat * Math.PI) / 180), km = 111.195;
  const high = Math.max(6, (Math.max(...lats) - Math.min(...lats)) * km), wide = Math.max(8, (Math.max(...lons) - Math.min(...lons)) * km * narrow);
  const per_km = Math.min((TALL - 2 * edge) / high, (WIDE - 2 * edge) / wide);
  const put = (p) => [WIDE / 2 + (p.lon - lon) * narrow * km * per_km, TALL / 2 - (p.lat - lat) * km * per_km];
  return { put, per_km };
}
