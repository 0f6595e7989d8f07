// Where our pieces live on Streamlit's pages: a check on its own page, and the list of the day behind /today.
import { button, h } from "./dom.js";
import { keepQuiet, watchLine } from "./line.js";
import { sendAll, takeAlong } from "./outbox.js";
import { Shell } from "./shell.js";
import * as store from "./store.js";

const AGAIN = 5000;
const mounted = new WeakMap();

// Streamlit lets go of a component and takes hold of it again with every run, also when the line is lost: the same piece
// goes on living under the new hold.
export function mount({ data, parentElement, hold }) {
  const before = mounted.get(parentElement), id = JSON.stringify([data.ask, data.who, data.language, data.place]);
  if (before?.id === id) {
    before.hold = hold;
    return before.piece.renew(data);
  }
  before?.piece.end();
  const root = h("div", { class: "visit", lang: data.language });
  parentElement.querySelector(".visit")?.remove();
  parentElement.append(root);
  const piece = new (data.ask ? CheckPage : DayPage)(root, data);
  mounted.set(parentElement, { id, piece, hold });
  piece.begin();
}

export function unmount(parentElement, hold) {
  setTimeout(() => {
    const now = mounted.get(parentElement);
    if (now?.hold !== hold) return;
    now.piece.end();
    mounted.delete(parentElement);
  }, 300);
}

class Piece {
  constructor(root, data) {
    Object.assign(this, { root, data, shell: new Shell(root, data) });
  }

  begin() {
    this.unwatch = watchLine((up) => { this.shell.up = up; this.lineIs(up); if (up) this.deliver(); });
    this.beat = setInterval(() => this.deliver(), AGAIN);
    this.deliver();
  }

  renew() {}

  heard() { if (this.shell.listed) this.shell.list(); }

  // What waits on this phone besides the form that is open.
  async deliver() {
    if (this.delivering) return;
    this.delivering = true;
    await sendAll(this.data.who, this.data.words, this.shell.visit?.id, (visit) => this.heard(visit)).catch(() => {});
    this.delivering = false;
  }

  end() {
    this.unwatch();
    clearInterval(this.beat);
    this.shell.close();
    keepQuiet(this, false);
  }
}

// /visit: the form says itself that there is no network, and goes on.
class CheckPage extends Piece {
  begin() {
    keepQuiet(this, true);
    this.shell.open(this.data.ask);
    super.begin();
  }

  lineIs(up) {
    if (up && this.shell.listed) location.assign(this.data.home);
  }
}

// /today: nothing to see while the line holds; then the same list, and the forms taken along. A form that is open when the
// line comes back stays open.
class DayPage extends Piece {
  begin() {
    this.shell.shows = (something) => {
      this.root.classList.toggle("over", something);
      keepQuiet(this, something);
    };
    store.tidy(this.data.who, Date.now()).catch(() => {}).then(() => this.renew(this.data));
    super.begin();
  }

  async renew(data) {
    this.data = this.shell.data = data;
    if (this.shell.visit || this.shell.listed) return;
    await store.keepDay({ who: data.who, ...data.day }).catch(() => {});
    await this.takeAlong();
  }

  // A check that was kept here has arrived, or was refused; the page itself does not know of it.
  heard(visit) {
    super.heard(visit);
    if (!this.shell.listed && !this.shell.visit) this.root.replaceChildren(news(visit, this.data.words, () => this.shell.open(visit.data.ask), () => this.root.replaceChildren()));
  }

  async takeAlong() {
    if (this.taking) return;
    this.taking = true;
    const asks = this.data.day.customers.flatMap((customer) => customer.todos.map((todo) => todo.ask));
    await takeAlong(this.data.who, this.data.words, asks).catch(() => {});
    this.taking = false;
  }

  lineIs(up) {
    if (!up && !this.shell.visit) this.shell.list();
    if (up && this.shell.listed) this.shell.close();
  }
}

function news(visit, w, open, close) {
  const name = visit.opened.customer.name;
  const words = visit.receipt ? [h("strong", {}, `✓ ${name}`), h("span", {}, w.recorded), ...(visit.receipt.sentences || []).map((one) => h("span", {}, one))]
    : [h("strong", {}, `⚠ ${name}`), h("span", {}, visit.problem), button(w.go_on, open, { class: "main" })];
  return h("div", { class: "news", role: "status" }, words, button("×", close, { class: "plain", "aria-label": w.close }));
}
