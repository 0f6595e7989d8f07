// Between the ground and the screen: degrees and the pixels of a Web Mercator map at a zoom.
const TILE = 256;

export const span = (zoom) => TILE * 2 ** zoom;

export function project({ lat, lon }, zoom) {
  const sin = Math.sin((lat * Math.PI) / 180), size = span(zoom);
  return { x: ((lon + 180) / 360) * size, y: (0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * size };
}

export function unproject({ x, y }, zoom) {
  const size = span(zoom), n = Math.PI * (1 - (2 * y) / size);
  return { lat: (Math.atan(Math.sinh(n)) * 180) / Math.PI, lon: (x / size) * 360 - 180 };
}

export const metresAPixel = (lat, zoom) => (Math.cos((lat * Math.PI) / 180) * 40075016.7) / span(zoom);
