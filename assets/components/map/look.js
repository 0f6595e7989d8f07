// A map to look at: some places with their fences, what is in doubt marked as such.
import { redrawn } from "../mounted.js";
import { Sheet } from "./sheet.js";

export const { mount, unmount } = redrawn(({ data, parentElement }) => {
  const map = new Look(data);
  parentElement.append(map.root);
  map.begin();
  return () => map.end();
});

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
