// Where the phone is. The best fix within a quarter of a minute; a good one at once. A claim, which the server grades.
import { at } from "./clock.js";

const PATIENCE = 15000, GOOD = 30;

export function locate(told) {
  if (!navigator.geolocation || !isSecureContext) return told({ problem: "insecure" }), () => {};
  let best = null, watching = null, stopped = false;
  const stop = () => {
    if (stopped) return;
    stopped = true;
    navigator.geolocation.clearWatch(watching);
    clearTimeout(timer);
    told(best ? { fix: best, final: true } : { problem: "timeout" });
  };
  const timer = setTimeout(stop, PATIENCE);
  watching = navigator.geolocation.watchPosition(({ coords, timestamp }) => {
    if (stopped || (best && coords.accuracy >= best.accuracy_m)) return;
    best = { lat: coords.latitude, lon: coords.longitude, accuracy_m: coords.accuracy, at: at(timestamp) };
    told({ fix: best });
    if (coords.accuracy <= GOOD) stop();
  }, (wrong) => {
    if (stopped || best) return;
    stopped = true;
    clearTimeout(timer);
    told({ problem: wrong.code === 1 ? "denied" : "unavailable" });
  }, { enableHighAccuracy: true, maximumAge: 0, timeout: PATIENCE });
  return () => { stopped = true; clearTimeout(timer); navigator.geolocation.clearWatch(watching); };
}

export function metres(a, b) {
  const rad = Math.PI / 180, north = ((b.lat - a.lat) * rad) / 2, east = ((b.lon - a.lon) * rad) / 2;
  const x = Math.sin(north) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(east) ** 2;
  return 2 * 6371008.8 * Math.asin(Math.min(1, Math.sqrt(x)));
}

export const isNear = (fix, place) => metres(fix, place) <= place.radius_m + Math.min(fix.accuracy_m || 0, 200);
