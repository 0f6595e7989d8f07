// A check, or the list of the day, in one place of the page: what there is to see while the bank does not answer.
import { drawDay } from "./day.js";
import { askOf } from "./outbox.js";
import * as store from "./store.js";
import { showVisit } from "./view.js";

export class Shell {
  constructor(root, data) {
    Object.assign(this, { root, data, visit: null, listed: false, up: true, shows: () => {} });
  }

  open(ask, away = false) {
    this.close();
    const { place, home, ...data } = this.data;
    this.visit = showVisit(this.root, { ...data, ask, away }, () => this.leave());
    this.shows(true);
  }

  // To the list: Streamlit's own when it can be had, else the one this phone has kept.
  async leave() {
    if (this.up) return location.assign(this.data.home);
    await this.list();
  }

  async list() {
    this.close();
    this.listed = true;
    this.shows(true);
    const { who, words } = this.data;
    const [day, rows] = await Promise.all([store.day(who).catch(() => null), store.formsOf(who).catch(() => [])]);
    if (!this.listed) return;
    const forms = new Map(rows.map((row) => [JSON.stringify(askOf(row.id)), row]));
    drawDay(this.root, day, forms, words, (ask) => this.open(ask, true));
    this.root.scrollIntoView({ block: "start" });
  }

  close() {
    this.listed = false;
    if (this.visit) this.visit.left = true;
    this.visit?.end();
    this.visit = null;
    this.root.replaceChildren();
    this.shows(false);
  }
}
