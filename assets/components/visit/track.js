// Where the phone is while a visit is open: at a modest pace, only after a move, never before the check-in and never after
// the check was sent. What is found waits in the draft like everything else.
import { at } from "./clock.js";
import { metres } from "./place.js";

const PACE = 60000, MOVED = 30, OLDEST = 30000, PATIENCE = 20000, MOST = 600;

export class Track {
  constructor(visit, pace = PACE) {
    this.visit = visit;
    this.beat = setInterval(() => this.look(), pace);
  }

  get open() {
    const { visit } = this;
    return !!(visit.opened && visit.opened.mode === "field" && visit.content.fix && !visit.locked && !visit.receipt && !visit.ended);
  }

  look() {
    if (!this.open || document.hidden || !navigator.geolocation) return;
    navigator.geolocation.getCurrentPosition(({ coords, timestamp }) => {
      this.found({ lat: coords.latitude, lon: coords.longitude, accuracy_m: coords.accuracy, at: at(timestamp) });
    }, () => {}, { enableHighAccuracy: true, maximumAge: OLDEST, timeout: PATIENCE });
  }

  found(fix) {
    if (!this.open) return;
    const track = this.visit.content.track || [], last = track.at(-1) || this.visit.content.fix;
    this.latest = fix;
    if (track.length < MOST && fix.at > last.at && metres(fix, last) > MOVED) this.visit.change({ track: [...track, fix] }, { quiet: true });
  }

  // The way with where it ended: what is sent.
  whole() {
    const track = this.visit.content.track || [], end = this.latest;
    return end && end.at > (track.at(-1) || this.visit.content.fix)?.at ? [...track, { ...end, source: "submit" }].slice(-MOST) : track;
  }

  stop() { clearInterval(this.beat); }
}
