// Which names have room on a map, and where: those that weigh most first; what would lie on another moves aside, or is left out.
const NARROW = 0.58, GAP = 3, LINE = 1.15; // of a letter that is not Chinese; pixels between two names; of a letter's height

// names: {text, x, y, weight}, `weight` 0 where none; letter: pixels of a Chinese one; aside: [dx, dy] in halves of a name and lines, tried in turn.
export function withRoom(names, letter, aside = [[0, 0]]) {
  const placed = [];
  const half = (text) => [...text].reduce((sum, one) => sum + (one > "\u2e80" ? letter : letter * NARROW), 0) / 2;
  const meet = (a, b) => Math.abs(a.x - b.x) < a.half + b.half + GAP && Math.abs(a.y - b.y) < letter * LINE;
  for (const name of names.toSorted((a, b) => (b.weight ?? 0) - (a.weight ?? 0))) {
    const own = half(name.text);
    const spots = aside.map(([dx, dy]) => ({ text: name.text, half: own, x: name.x + dx * own, y: name.y + dy * letter * 1.2 }));
    const free = spots.find((spot) => !placed.some((other) => meet(spot, other)));
    if (free) placed.push(free);
  }
  return placed;
}
