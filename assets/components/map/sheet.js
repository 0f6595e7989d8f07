// A map on a canvas: the districts, the bank's tiles if there are some, a scale. Moved by fingers, keys and buttons; what lies on it is
// drawn by those who extend it.
import { h, button, fill } from "../visit/dom.js";
import { withRoom } from "./names.js";
import { metresAPixel, project, span, unproject } from "./mercator.js";

const NEAREST = 19, FARTHEST = 7, TAP_MS = 600;
const LETTER = 13; // pixels of a district's name
const STILL = 8; // pixels that a finger may slip in a tap
const outlines = new Map();

function outline() {
  const url = location.origin + "/api/v1/map/light.json";
  if (!outlines.has(url)) outlines.set(url, fetch(url).then((answer) => answer.json()).then(({ sources: { outline, names } }) => ({ districts: outline.data.features, names: names.data.features })));
  return outlines.get(url);
}

export class Sheet {
  // data: start {lat, lon, zoom}, height, tiles (or null), words {map, nearer, farther, metres, kilometres}
  constructor(data) {
    Object.assign(this, { data, districts: [], names: [], tiles: new Map(), fingers: new Map(), centre: { lat: data.start.lat, lon: data.start.lon }, zoom: data.start.zoom });
    this.canvas = h("canvas", { tabindex: "0", role: "application", "aria-label": data.words.map });
    this.root = h("div", { class: "sheet", style: `height:${data.height}px` }, this.canvas,
      h("div", { class: "zoom" }, button("+", () => this.zoomBy(1), { "aria-label": data.words.nearer }), button("−", () => this.zoomBy(-1), { "aria-label": data.words.farther })));
    this.sized = new ResizeObserver(() => this.draw());
  }

  begin() {
    for (const [event, heard] of [["pointerdown", this.down], ["pointermove", this.move], ["pointerup", this.up], ["pointercancel", this.up], ["wheel", this.wheel], ["keydown", this.key]])
      this.canvas.addEventListener(event, heard.bind(this), { passive: false });
    this.sized.observe(this.root);
    outline().then((drawn) => { Object.assign(this, drawn); this.draw(); }, () => {});
  }

  end() {
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

  // --- What people do. Whoever extends this says what a finger takes hold of, and what a tap means.
  grabs(_spot) { return false; }
  drag(_dx, _dy) {}
  dropped() {}
  tapped(_spot) {}

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
  spot(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }
  down(event) {
    const spot = this.spot(event);
    this.canvas.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, spot);
    const kind = this.fingers.size > 1 ? "pinch" : this.grabs(spot) ? "drag" : "pan";
    this.gesture = { kind, since: event.timeStamp, moved: 0 };
  }
  move(event) {
    const was = this.fingers.get(event.pointerId);
    if (!was) return;
    const now = this.spot(event), dx = now.x - was.x, dy = now.y - was.y;
    if (this.gesture.kind === "pinch") return this.pinch(event.pointerId, was, now);
    this.fingers.set(event.pointerId, now);
    this.gesture.moved += Math.hypot(dx, dy);
    if (this.gesture.kind === "drag") this.drag(dx, dy);
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
    if (gesture.kind === "drag" && gesture.moved > STILL) return this.dropped();
    if (gesture.moved <= STILL && event.timeStamp - gesture.since < TAP_MS) this.tapped(spot);
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
    else return false;
    event.preventDefault();
    return true;
  }

  // --- What is drawn
  drawThings(_g) {}

  draw() {
    const { w, h: tall } = this.size, dpr = window.devicePixelRatio || 1;
    if (!w) return;
    if (this.canvas.width !== w * dpr || this.canvas.height !== tall * dpr) Object.assign(this.canvas, { width: w * dpr, height: tall * dpr });
    const style = getComputedStyle(this.root), g = this.canvas.getContext("2d");
    this.font = style.fontFamily;
    this.colours = Object.fromEntries(["ink", "line", "land", "main", "warm", "paper"].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    g.fillStyle = this.colours.paper;
    g.fillRect(0, 0, w, tall);
    if (this.data.tiles) this.drawTiles(g);
    this.drawDistricts(g);
    this.drawThings(g);
    this.drawScale(g);
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
    this.drawNames(g);
  }
  // Those that have room: in the city they would lie on each other from afar.
  drawNames(g) {
    const names = this.names.map(({ properties: { name }, geometry: { coordinates: [lon, lat] } }) => ({ text: name, ...this.at({ lat, lon }) }));
    for (const name of withRoom(names, LETTER)) this.write(g, name.text, name, LETTER);
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
    g.font = `${size}px ${this.font}`;
    g.textAlign = "center";
    g.textBaseline = "middle";
    g.lineWidth = 3;
    g.strokeStyle = this.colours.paper;
    g.fillStyle = this.colours.ink;
    g.strokeText(text, p.x, p.y);
    g.fillText(text, p.x, p.y);
  }
}
