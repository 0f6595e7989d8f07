// A map to put a pin on: one tap marks, the pin can be dragged, two fingers or the keys zoom.
// It draws the districts, the bank's tiles if there are some, other marks to find one's way by, and how far it is.
import { h, button, fill } from "../visit/dom.js";
import { locate, metres } from "../visit/place.js";
import { metresAPixel, project, span, unproject } from "./mercator.js";

const NEAREST = 19, FARTHEST = 7, TAP_MS = 600, STILL = 8, GRAB = 30;
const mounted = new WeakMap(), outlines = new Map();

export function mount({ data, parentElement, setStateValue, hold }) {
  const before = mounted.get(parentElement);
  if (before && before.subject === data.subject) {
    Object.assign(before, { hold, data, setStateValue });
    return before.show(data.found);
  }
  before?.end();
  const pin = new Pin(data, setStateValue, hold);
  parentElement.querySelector(".pin")?.remove();
  parentElement.append(pin.root);
  mounted.set(parentElement, pin);
  pin.begin();
}

export function unmount(parentElement, hold) {
  setTimeout(() => {
    const pin = mounted.get(parentElement);
    if (pin?.hold !== hold) return;
    pin.end();
    mounted.delete(parentElement);
  }, 300);
}

function outline() {
  const url = location.origin + "/api/v1/map/light.json";
  if (!outlines.has(url)) outlines.set(url, fetch(url).then((answer) => answer.json()).then((style) => style.sources.outline.data.features));
  return outlines.get(url);
}

class Pin {
  constructor(data, setStateValue, hold) {
    Object.assign(this, { data, setStateValue, hold, subject: data.subject, districts: [], tiles: new Map(), fingers: new Map(), point: null, fix: null });
    this.centre = { lat: data.start.lat, lon: data.start.lon };
    this.zoom = data.start.zoom;
    this.canvas = h("canvas", { tabindex: "0", role: "application", "aria-label": data.words.map });
    this.told = h("div", { class: "told", role: "status" }, data.words.tap);
    this.root = h("div", { class: "pin", style: `height:${data.height}px` }, this.canvas, this.told,
      h("div", { class: "zoom" }, button("+", () => this.zoomBy(1), { "aria-label": data.words.nearer }), button("−", () => this.zoomBy(-1), { "aria-label": data.words.farther })),
      button(data.words.here, () => this.find(), { class: "locate" }));
    this.stopLocating = () => {};
    this.sized = new ResizeObserver(() => this.draw());
  }

  begin() {
    for (const [event, heard] of [["pointerdown", this.down], ["pointermove", this.move], ["pointerup", this.up], ["pointercancel", this.up], ["wheel", this.wheel], ["keydown", this.key]])
      this.canvas.addEventListener(event, heard.bind(this), { passive: false });
    this.sized.observe(this.root);
    outline().then((districts) => { this.districts = districts; this.draw(); }, () => {});
    this.show(this.data.found);
  }

  end() {
    this.stopLocating();
    this.sized.disconnect();
    this.root.remove();
  }

  // --- Where things are on the canvas
  get size() { return { w: this.root.clientWidth, h: this.root.clientHeight }; }
  at(place) {
    const p = project(place, this.zoom), c = project(this.centre, this.zoom), { w, h: tall } = this.size;
    return { x: p.x - c.x + w / 2, y: p.y - c.y + tall / 2 };
  }
  under({ x, y }) {
    const c = project(this.centre, this.zoom), { w, h: tall } = this.size;
    return unproject({ x: c.x + x - w / 2, y: c.y + y - tall / 2 }, this.zoom);
  }

  // --- What people do
  zoomBy(steps, around = { x: this.size.w / 2, y: this.size.h / 2 }) {
    const kept = this.under(around);
    this.zoom = Math.min(NEAREST, Math.max(FARTHEST, this.zoom + steps));
    const now = this.at(kept);
    this.pan(around.x - now.x, around.y - now.y);
  }
  pan(dx, dy) {
    const c = project(this.centre, this.zoom);
    this.centre = unproject({ x: c.x - dx, y: c.y - dy }, this.zoom);
    this.draw();
  }
  put(place, more) {
    this.point = { lat: place.lat, lon: place.lon, ...more };
    this.draw();
    this.setStateValue("point", this.point);
  }
  find() {
    const w = this.data.words;
    this.told.textContent = w.locating;
    this.stopLocating();
    this.stopLocating = locate(({ fix, final, problem }) => {
      if (problem) return (this.told.textContent = w[problem]);
      this.told.textContent = fill(w.accuracy, Math.round(fix.accuracy_m));
      if (final) this.setStateValue("point", { lat: fix.lat, lon: fix.lon, accuracy_m: fix.accuracy_m, way: "here", datum: "wgs84" });
    });
  }
  // The server says where a point is on this map: its tiles may be of another datum than the phone.
  show(found) {
    const key = JSON.stringify(found);
    if (found && key !== this.shown) {
      this.shown = key;
      this.point = { lat: found.lat, lon: found.lon };
      this.fix = found.accuracy_m ? { ...found } : null;
      this.centre = { lat: found.lat, lon: found.lon };
      this.zoom = Math.max(this.zoom, 16);
    }
    this.draw();
  }
  spot(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
  down(event) {
    const spot = this.spot(event), pin = this.point && this.at(this.point);
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, spot);
    const grabbed = pin && Math.hypot(pin.x - spot.x, pin.y - 18 - spot.y) < GRAB;
    this.gesture = this.fingers.size > 1 ? { kind: "pinch" } : { kind: grabbed ? "drag" : "pan", from: spot, since: event.timeStamp, moved: 0 };
  }
  move(event) {
    const was = this.fingers.get(event.pointerId);
    if (!was) return;
    const now = this.spot(event), dx = now.x - was.x, dy = now.y - was.y;
    if (this.gesture.kind === "pinch") return this.pinch(event.pointerId, was, now);
    this.fingers.set(event.pointerId, now);
    this.gesture.moved += Math.hypot(dx, dy);
    if (this.gesture.kind === "drag") { Object.assign(this.point, this.under({ x: this.at(this.point).x + dx, y: this.at(this.point).y + dy })); this.draw(); }
    else if (this.gesture.moved > STILL) this.pan(dx, dy);
  }
  pinch(id, was, now) {
    const other = [...this.fingers].find(([key]) => key !== id)?.[1];
    this.fingers.set(id, now);
    if (!other) return;
    const before = Math.hypot(was.x - other.x, was.y - other.y), after = Math.hypot(now.x - other.x, now.y - other.y);
    if (before > 10 && after > 10) this.zoomBy(Math.log2(after / before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }
  up(event) {
    const spot = this.fingers.get(event.pointerId), gesture = this.gesture;
    this.fingers.delete(event.pointerId);
    if (!spot || !gesture || event.type === "pointercancel" || gesture.kind === "pinch") return;
    if (gesture.kind === "drag" && gesture.moved > STILL) return this.put(this.point, { way: "tap", datum: this.data.datum });
    if (gesture.moved <= STILL && event.timeStamp - gesture.since < TAP_MS) this.put(this.under(spot), { way: "tap", datum: this.data.datum });
  }
  wheel(event) {
    event.preventDefault();
    this.zoomBy(-Math.sign(event.deltaY) * 0.5, this.spot(event));
  }
  key(event) {
    const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
    if (steps) this.pan(...steps);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1);
    else if (event.key === "-") this.zoomBy(-1);
    else if (event.key === "Enter") this.put(this.centre, { way: "tap", datum: this.data.datum });
    else return;
    event.preventDefault();
  }

  // --- What is drawn
  draw() {
    const { w, h: tall } = this.size, dpr = window.devicePixelRatio || 1;
    if (!w) return;
    if (this.canvas.width !== w * dpr || this.canvas.height !== tall * dpr) Object.assign(this.canvas, { width: w * dpr, height: tall * dpr });
    const style = getComputedStyle(this.root), g = this.canvas.getContext("2d");
    this.colours = Object.fromEntries(["ink", "line", "land", "main", "paper"].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    g.fillStyle = this.colours.paper;
    g.fillRect(0, 0, w, tall);
    if (this.data.tiles) this.drawTiles(g);
    this.drawDistricts(g);
    this.drawMarks(g);
    this.drawScale(g);
    if (this.point) this.drawPin(g);
  }
  drawTiles(g) {
    const z = Math.min(18, Math.round(this.zoom)), scale = span(this.zoom) / span(z), { w, h: tall } = this.size;
    const c = project(this.centre, z), step = 256 * scale;
    const left = c.x - w / 2 / scale, top = c.y - tall / 2 / scale;
    for (let x = Math.floor(left / 256); x * 256 < left + w / scale; x++)
      for (let y = Math.floor(top / 256); y * 256 < top + tall / scale; y++) {
        const image = this.tile(x, y, z);
        if (image.complete && image.naturalWidth) g.drawImage(image, (x * 256 - left) * scale, (y * 256 - top) * scale, step + 0.5, step + 0.5);
      }
  }
  tile(x, y, z) {
    const url = this.data.tiles.replace("{x}", x).replace("{y}", y).replace("{z}", z);
    if (!this.tiles.has(url)) {
      const image = new Image();
      image.onload = () => this.draw();
      image.src = url;
      this.tiles.set(url, image);
    }
    return this.tiles.get(url);
  }
  drawDistricts(g) {
    g.lineWidth = 1.2;
    g.strokeStyle = `color-mix(in srgb, ${this.colours.ink} 45%, transparent)`;
    g.fillStyle = this.colours.land;
    for (const { geometry } of this.districts) {
      g.beginPath();
      for (const ring of geometry.coordinates.flat()) ring.forEach(([lon, lat], n) => { const p = this.at({ lat, lon }); n ? g.lineTo(p.x, p.y) : g.moveTo(p.x, p.y); });
      if (!this.data.tiles) g.fill("evenodd");
      g.stroke();
    }
    for (const { properties } of this.districts) this.write(g, properties.name, this.at({ lat: properties.at[1], lon: properties.at[0] }), 13);
  }
  drawMarks(g) {
    const { data } = this, near = this.zoom >= 14;
    for (const [lat, lon, name] of data.others) {
      const p = this.at({ lat, lon });
      this.dot(g, p, 4, `color-mix(in srgb, ${this.colours.ink} 50%, transparent)`);
      if (near) this.write(g, name, { x: p.x, y: p.y - 11 }, 12);
    }
    if (data.mark) {
      this.ring(g, data.mark, data.mark.radius_m, this.colours.main);
      this.dot(g, this.at(data.mark), 7, this.colours.main);
    }
    if (this.fix) {
      this.ring(g, this.fix, this.fix.accuracy_m, "#2f6da8");
      this.dot(g, this.at(this.fix), 7, "#2f6da8");
    }
  }
  drawPin(g) {
    const p = this.at(this.point), { mark, words } = this.data;
    if (mark) {
      const m = this.at(mark), far = metres(mark, this.point);
      g.setLineDash([6, 5]);
      g.strokeStyle = this.colours.ink;
      g.beginPath(); g.moveTo(m.x, m.y); g.lineTo(p.x, p.y); g.stroke();
      g.setLineDash([]);
      this.told.textContent = fill(words.moved, far < 1000 ? Math.round(far) : Math.round(far / 10) * 10);
    } else if (this.point.way === "tap") this.told.textContent = words.put;
    g.fillStyle = "#c8362e";
    g.strokeStyle = "#fff";
    g.lineWidth = 2;
    g.beginPath();
    g.moveTo(p.x, p.y);
    g.bezierCurveTo(p.x - 22, p.y - 24, p.x - 14, p.y - 40, p.x, p.y - 40);
    g.bezierCurveTo(p.x + 14, p.y - 40, p.x + 22, p.y - 24, p.x, p.y);
    g.fill(); g.stroke();
    this.dot(g, { x: p.x, y: p.y - 26 }, 5, "#fff");
  }
  drawScale(g) {
    const each = metresAPixel(this.centre.lat, this.zoom), raw = each * 90, power = 10 ** Math.floor(Math.log10(raw));
    const length = [5, 2, 1].map((n) => n * power).find((n) => n <= raw), y = this.size.h - 14;
    const { words } = this.data;
    g.fillStyle = this.colours.ink;
    g.fillRect(12, y, length / each, 3);
    this.write(g, length < 1000 ? fill(words.metres, length) : fill(words.kilometres, length / 1000), { x: 12 + length / each / 2, y: y - 9 }, 12);
  }
  ring(g, place, radius, colour) {
    const p = this.at(place);
    g.beginPath();
    g.arc(p.x, p.y, radius / metresAPixel(place.lat, this.zoom), 0, 2 * Math.PI);
    g.fillStyle = `color-mix(in srgb, ${colour} 14%, transparent)`;
    g.strokeStyle = colour;
    g.lineWidth = 1;
    g.fill(); g.stroke();
  }
  dot(g, p, radius, colour) {
    g.beginPath();
    g.arc(p.x, p.y, radius, 0, 2 * Math.PI);
    g.fillStyle = colour;
    g.strokeStyle = this.colours.paper;
    g.lineWidth = 1.5;
    g.fill(); g.stroke();
  }
  write(g, text, p, size) {
    g.font = `${size}px ${getComputedStyle(this.root).fontFamily}`;
    g.textAlign = "center";
    g.textBaseline = "middle";
    g.lineWidth = 3;
    g.strokeStyle = this.colours.paper;
    g.fillStyle = this.colours.ink;
    g.strokeText(text, p.x, p.y);
    g.fillText(text, p.x, p.y);
  }
}
