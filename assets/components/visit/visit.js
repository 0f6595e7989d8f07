// One check on the phone. Holds what was filled in, keeps it here and on the server, and sends it once.
import { now, shiftBy } from "./clock.js";
import * as store from "./store.js";
import * as photos from "./photos.js";
import { abnormalItems, shown } from "./form.js";
import { Track } from "./track.js";
import { ask, Away, No } from "./wire.js";

const SAVE_AFTER = 600, AGAIN = 4000;

export class Visit {
  constructor(data, changed) {
    Object.assign(this, { data, changed, content: {}, counter: 0, opened: null, photos: [], offline: false, problem: null, receipt: null, note: null, told: () => {} });
    this.id = `${data.who}/${JSON.stringify(data.ask)}`;
    this.onOnline = () => this.goOn();
    this.onHidden = () => (document.hidden ? this.save({ keepalive: true }) : this.hangUp());
  }

  async begin() {
    addEventListener("online", this.onOnline);
    document.addEventListener("visibilitychange", this.onHidden);
    this.beat = setInterval(() => this.goOn(), AGAIN);
    this.track = new Track(this);
    await store.tidy(this.data.who, Date.now()).catch(() => {});
    const kept = await store.form(this.id).catch(() => null);
    if (kept && (kept.content.sent || this.data.away)) return this.resume(kept); // sent, and the answer got lost; or nobody to ask
    await this.open(kept);
  }

  // From the server; else what this phone has kept; else asked again until there is an answer.
  async open(kept) {
    await this.fetch(kept);
    if (this.unanswered && kept) return this.resume(kept);
    if (this.opened) await this.recall();
    this.goOn();
    this.changed();
  }

  async fetch(kept) {
    try {
      this.take(await ask("POST", "visits", this.data.ask), kept);
      this.unanswered = false;
    } catch (no) {
      this.unanswered = no instanceof Away;
      if (!this.unanswered) this.problem = no.message;
    }
  }

  end() {
    removeEventListener("online", this.onOnline);
    document.removeEventListener("visibilitychange", this.onHidden);
    clearInterval(this.beat);
    this.track?.stop();
    this.ended = true;
  }

  async resume(kept) {
    await this.restore(kept);
    this.goOn();
    this.changed();
  }

  // As this phone has kept it; whether the bank answers is not known yet.
  async restore({ opened, content, counter, saved, problem = null }) {
    Object.assign(this, { opened, content, counter, saved, problem, unanswered: false, offline: true });
    shiftBy(opened.clock_ms);
    await this.recall();
  }

  // The newer of what the server and this phone have.
  take(opened, kept) {
    this.opened = opened;
    shiftBy(opened.clock_ms);
    const mine = kept && kept.opened.key === opened.key && kept.counter >= opened.counter;
    [this.content, this.counter] = mine ? [kept.content, kept.counter] : [opened.content, opened.counter];
    this.saved = opened.counter;
    if (!Object.keys(this.content).length) this.content = { step: 0, started_at: now().toISOString(), answers: { ...opened.begin }, words: {}, photos: [], calls: [], leads: [] };
  }

  async recall() {
    this.photos = await store.photosOf(this.opened.key).catch(() => []);
    await this.keep();
  }

  get form() { return this.opened.form; }
  get last() { return this.opened.last?.answers || {}; }
  get isPhone() { return this.opened.mode === "phone"; }
  get abnormal() { return abnormalItems(this.form, this.content.answers, this.last); }
  // What the bank makes of the evidence so far; asked anew only when the evidence is another.
  async judge() {
    const { fix, away_because } = this.content, photos = this.photos.filter((photo) => photo.whole).map((photo) => photo.id);
    const given = { fix, away_because: away_because || "", photos }, asked = JSON.stringify(given);
    if (this.judged?.asked === asked) return;
    this.judged = { asked, answer: this.judged?.answer };
    try {
      const answer = await ask("POST", `visits/${this.opened.key}/presence`, given);
      if (this.judged.asked !== asked) return;
      this.judged.answer = answer;
    } catch (no) {
      if (no instanceof Away) return (this.judged = null), this.lost(); // asked again once the network is back
      this.judged.refused = no.message;
    }
    this.changed();
  }

  get locked() { return !!this.content.sent; }

  // Every change goes through here: into the phone's memory at once, to the server a moment later.
  change(values, { quiet = false } = {}) {
    if (this.locked && !("sent" in values)) return;
    Object.assign(this.content, values);
    this.counter += 1;
    this.keep();
    clearTimeout(this.saving);
    this.saving = setTimeout(() => this.save(), SAVE_AFTER);
    if (quiet) this.told();
    else this.changed();
  }

  // After a number was typed: drawn anew only if something else is asked now.
  settle() { this.later(() => this.asks() !== this.drawn); }

  // Drawn anew, but not before the tap that ended the typing has reached what it was meant for.
  later(needed = () => true) { setTimeout(() => needed() && this.changed(), 300); }

  // Which fields are asked and which are abnormal, as one text.
  asks() {
    return [shown(this.form, this.content.answers, this.last), this.abnormal].map((found) => found.map((item) => item.code).join()).join(";");
  }

  async keep() {
    if (this.receipt) return;
    const { id, opened, content, counter, saved, problem } = this;
    return store.keepForm({ id, who: this.data.who, opened, content, counter, saved, problem, at: Date.now() }).catch(() => {});
  }

  async save(given) {
    if (!this.opened || this.ended || this.receipt || (this.counter <= this.saved && !this.offline)) return;
    const counter = this.counter;
    try {
      const answer = await ask("PUT", `visits/${this.opened.key}/draft`, { counter, content: this.content }, given);
      this.saved = Math.max(this.saved, answer.counter);
      this.keep();
      this.told();
      if (answer.content) this.adopt(answer);
      this.online();
    } catch (no) {
      if (no instanceof Away) this.lost();
      else if (no.status !== 409) this.refused(no);
      else {
        this.saved = counter; // it was sent meanwhile
        this.elsewhere = !this.locked;
        if (this.elsewhere) this.problem = this.data.words.sent_elsewhere;
        this.online();
        this.changed();
      }
    }
  }

  // Somebody went on with this form on another device.
  adopt(answer) {
    if (this.locked) return;
    Object.assign(this, { content: answer.content, counter: answer.counter, note: "other_device" });
    this.keep();
    this.changed();
  }

  lost() { if (!this.offline) { this.offline = true; this.changed(); } }
  online() { if (this.offline) { this.offline = false; this.changed(); } }
  // Who is signed out signs in again at this very address, and finds what he has filled in.
  refused(no) {
    this.signedOut = no.status === 401;
    this.tell(no.message);
  }
  tell(message) { this.problem = message; this.changed(); }

  // Whatever waits for the network.
  async goOn() {
    if (this.busy || this.ended || this.receipt || !(this.opened || this.unanswered)) return;
    this.busy = true;
    try {
      if (this.unanswered) await this.open(null);
      await this.save();
      if (this.photos.some((photo) => !photo.whole && !photo.refused)) {
        await photos.sendAll(this.opened.key, (photo) => this.progress(photo));
        this.online();
      }
      if (this.locked) await this.deliver();
    } catch (no) {
      if (no instanceof Away) this.lost();
      else this.refused(no);
    } finally {
      this.busy = false;
    }
  }

  progress(photo) {
    this.photos = this.photos.map((known) => (known.id === photo.id ? { ...known, ...photo } : known));
    this.changed();
  }

  async addPhotos(files) {
    for (const file of files) {
      try {
        const photo = await photos.take(file, this.opened.key, this.content.fix);
        this.photos = [...this.photos, photo];
        this.change({ photos: [...this.content.photos, { id: photo.id, at: photo.at }] });
      } catch (no) {
        this.tell(this.data.words[no?.name === "QuotaExceededError" ? "memory_full" : "photo_unusable"]);
      }
    }
    this.goOn();
  }

  async dropPhoto(id) {
    this.photos = this.photos.filter((photo) => photo.id !== id);
    await store.dropPhoto(id).catch(() => {});
    this.change({ photos: this.content.photos.filter((photo) => photo.id !== id) });
    ask("DELETE", `visits/${this.opened.key}/photos/${id}`).catch(() => {});
  }

  // Back from the phone's own dialler: as long as that was, the call lasted at most.
  hangUp() {
    const calls = this.content.calls || [], latest = calls[calls.length - 1];
    if (!this.isCall(latest)) return;
    const seconds = Math.min(36000, Math.round((now() - new Date(latest.at)) / 1000));
    this.change({ calls: [...calls.slice(0, -1), { ...latest, seconds }] });
  }

  isCall(call) { return call && !call.result && call.seconds === undefined; }

  async number() {
    const { number } = await ask("POST", `visits/${this.opened.key}/number`, {});
    return number;
  }

  // What is sent is frozen here: sent again, it is the same to the last letter.
  submit() {
    const c = this.content, calls = c.calls.filter((call) => call.result);
    const codes = new Set(this.form.sections.flatMap((s) => s.fields.map((f) => f.code)));
    const known = (given) => Object.fromEntries(Object.entries(given).filter(([code, value]) => codes.has(code) && value !== null && value !== ""));
    const sent = {
      started_at: c.started_at, finished_at: now().toISOString(), outcome: c.outcome || "completed", conclusion: c.conclusion, answers: known(c.answers),
      words: known(c.words), note: c.note || "", fix: c.fix || null, track: this.track?.whole() || c.track || [], away_because: c.away_because || "", calls,
      photos: c.photos.map((photo) => photo.id).filter((id) => !this.photos.find((p) => p.id === id)?.refused),
      proposed_class: c.proposed_class || null, proposed_months: c.proposed_months || null, leads: c.leads.filter((lead) => lead.name && lead.wish),
    };
    this.problem = null;
    this.change({ sent });
    this.goOn();
  }

  async deliver() {
    if (this.photos.some((photo) => !photo.whole && !photo.refused)) return;
    try {
      this.receipt = await ask("POST", `visits/${this.opened.key}/submit`, this.content.sent, { patience: 40000 });
      await store.forget(this.id, this.opened.key).catch(() => {});
      this.end();
      this.changed();
    } catch (no) {
      if (!(no instanceof No)) throw no;
      this.problem = no.message;
      if (no.status !== 401 && no.refusal !== "SameKeyOtherContent") this.change({ sent: null });
      else this.keep();
      this.changed();
    }
  }
}
