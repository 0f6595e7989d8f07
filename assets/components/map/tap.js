// A map whose dots can be tapped: customers by how urgent they are, cells with how many are in them, the way through a round.
import { h } from "../visit/dom.js";
import { redrawn } from "../mounted.js";
import { Sheet } from "./sheet.js";

const REACH = 22; // pixels around a dot that are the dot's, for a thumb

export const { mount, unmount } = redrawn(({ data, parentElement, setStateValue }) => {
  const map = new Tap(data, (id) => setStateValue("tapped", id));
  parentElement.append(map.root);
  map.begin();
  return () => map.end();
});

class Tap extends Sheet {
  constructor(data, tell) {
    super(data);
    Object.assign(this, { tell, chosen: null });
    this.told = h("div", { class: "tip", role: "status" });
    this.root.append(this.told);
  }

  begin() {
    super.begin();
    this.canvas.addEventListener("pointermove", (event) => event.pointerType === "mouse" && this.point(this.spot(event)));
    this.canvas.addEventListener("pointerleave", () => this.tip(this.chosen));
  }

  // --- What people do
  point(spot) {
    const dot = this.dotAt(spot, 0);
    this.canvas.style.cursor = dot?.id ? "pointer" : "";
    this.tip(dot ?? this.chosen);
  }
  tapped(spot) { this.choose(this.dotAt(spot, REACH)); }
  key(event) {
    if (super.key(event) || event.key !== "Enter") return;
    this.choose(this.dotAt({ x: this.size.w / 2, y: this.size.h / 2 }, Infinity));
    event.preventDefault();
  }
  choose(dot) {
    const same = dot?.id === this.chosen?.id;
    this.chosen = dot ?? null;
    this.tip(this.chosen);
    this.draw();
    if (!same) this.tell(dot?.id || null);
  }
  tip(dot) {
    this.told.textContent = dot?.tip ?? "";
    if (!dot) return;
    const p = this.at(dot), half = this.told.offsetWidth / 2;
    this.told.style.left = `${Math.min(this.size.w - half - 6, Math.max(half + 6, p.x))}px`;
    this.told.style.top = `${p.y - dot.size - 8}px`;
  }

  // The nearest of those in reach; of what lies on one another, what was drawn last.
  dotAt(spot, reach) {
    let found = null, least = Infinity;
    for (const dot of this.data.dots) {
      const p = this.at(dot), away = Math.max(0, Math.hypot(p.x - spot.x, p.y - spot.y) - dot.size);
      if (away <= reach && away <= least) [found, least] = [dot, away];
    }
    return found;
  }

  // --- What is drawn
  draw() {
    super.draw();
    this.tip(this.chosen);
  }
  drawThings(g) {
    for (const { points, colour } of this.data.ways) this.way(g, points, colour);
    for (const dot of this.data.dots) {
      const p = this.at(dot);
      this.dot(g, p, dot.size, dot.colour);
      if (dot.text) this.letter(g, dot.text, p);
    }
    if (this.chosen) this.circle(g, this.at(this.chosen), this.chosen.size + 4);
  }
  way(g, points, colour) {
    Object.assign(g, { strokeStyle: colour, lineWidth: 3, lineJoin: "round", lineCap: "round" });
    g.beginPath();
    for (const p of points.map((place) => this.at(place))) g.lineTo(p.x, p.y);
    g.stroke();
  }
  letter(g, text, p) {
    Object.assign(g, { fillStyle: "#fff", font: `600 12px ${this.font}`, textAlign: "center", textBaseline: "middle" });
    g.fillText(text, p.x, p.y);
  }
  circle(g, p, radius) {
    Object.assign(g, { strokeStyle: this.colours.ink, lineWidth: 2 });
    g.beginPath();
    g.arc(p.x, p.y, radius, 0, 2 * Math.PI);
    g.stroke();
  }
}
