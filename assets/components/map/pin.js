// A map to put a pin on: one tap marks, the pin can be dragged, two fingers or the keys zoom.
// It draws the present mark with its fence, other marks to find one's way by, and how far it is.
import { h, button, fill } from "../visit/dom.js";
import { locate, metres } from "../visit/place.js";
import { Sheet } from "./sheet.js";

const GRAB = 30;
const mounted = new WeakMap();

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

class Pin extends Sheet {
  constructor(data, setStateValue, hold) {
    super(data);
    Object.assign(this, { setStateValue, hold, subject: data.subject, point: null, fix: null, stopLocating: () => {} });
    this.told = h("div", { class: "told", role: "status" }, data.words.tap);
    this.root.classList.add("pin");
    this.root.append(this.told, button(data.words.here, () => this.find(), { class: "locate" }));
  }

  begin() {
    super.begin();
    this.show(this.data.found);
  }

  end() {
    this.stopLocating();
    super.end();
  }

  // --- What people do
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
  grabs(spot) {
    const pin = this.point && this.at(this.point);
    return pin && Math.hypot(pin.x - spot.x, pin.y - 18 - spot.y) < GRAB;
  }
  drag(dx, dy) {
    const { x, y } = this.at(this.point);
    Object.assign(this.point, this.under({ x: x + dx, y: y + dy }));
    this.draw();
  }
  dropped() { this.put(this.point, { way: "tap", datum: this.data.datum }); }
  tapped(spot) { this.put(this.under(spot), { way: "tap", datum: this.data.datum }); }
  key(event) {
    if (super.key(event) || event.key !== "Enter") return;
    this.put(this.centre, { way: "tap", datum: this.data.datum });
    event.preventDefault();
  }

  // --- What is drawn
  drawThings(g) {
    this.drawMarks(g);
    if (this.point) this.drawPin(g);
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
}
