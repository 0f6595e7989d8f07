// A map to look at: some places with their fences, what is in doubt marked as such.
import { Sheet } from "./sheet.js";

const mounted = new Map();

export function mount({ data, parentElement }) {
  const id = JSON.stringify(data);
  if (mounted.get(parentElement)?.id === id) return;
  mounted.get(parentElement)?.map.end();
  const map = new Look(data);
  parentElement.append(map.root);
  mounted.set(parentElement, { id, map });
  map.begin();
}

export function unmount(parentElement) {
  setTimeout(() => {
    if (parentElement.isConnected) return;
    mounted.get(parentElement)?.map.end();
    mounted.delete(parentElement);
  }, 300);
}

// A page is scrolled over it, so that it takes neither the wheel nor a finger that moves up or down.
class Look extends Sheet {
  constructor(data) {
    super(data);
    this.root.classList.add("look");
  }

  wheel() {}

  drawThings(g) {
    for (const { lat, lon, radius_m, name, doubted } of this.data.places) {
      const colour = doubted ? this.colours.warm : this.colours.main, p = this.at({ lat, lon });
      this.ring(g, { lat, lon }, radius_m, colour);
      this.dot(g, p, 7, colour);
      this.write(g, doubted ? `${name} ?` : name, { x: p.x, y: p.y - 15 }, 12);
    }
  }
}
