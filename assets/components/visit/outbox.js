// What this phone has finished or filled in and the bank does not have yet: sent from whichever page of the day is open,
// so that nobody has to open a form again for it to arrive.
import * as store from "./store.js";
import { Visit } from "./visit.js";

const FRESH = 6 * 3600e3; // ms; a form taken along and not begun is fetched anew after that

export const askOf = (id) => JSON.parse(id.slice(id.indexOf("/") + 1));
const waits = (row) => !!row.content.sent || row.counter > row.saved;

// Every form of this person's but the one that is open; `told(visit)` for each that was recorded or refused.
export async function sendAll(who, words, open, told) {
  for (const row of await store.formsOf(who).catch(() => [])) {
    if (row.id === open || !waits(row)) continue;
    const visit = new Visit({ who, ask: askOf(row.id), words }, () => {}), sent = !!row.content.sent;
    await visit.restore(row);
    await visit.goOn();
    visit.end();
    if (sent && (visit.receipt || !visit.locked)) told(visit);
    if (visit.offline) return;
  }
}

// Takes the forms of a day along, so that they can be opened where there is no network.
export async function takeAlong(who, words, asks) {
  const known = new Map((await store.formsOf(who)).map((row) => [row.id, row])), wanted = new Set();
  for (const ask of asks) {
    const visit = new Visit({ who, ask, words }, () => {}), row = known.get(visit.id);
    wanted.add(visit.id);
    if (row && (row.counter > 0 || Date.now() - row.at < FRESH)) continue;
    await visit.fetch(row);
    if (!visit.opened) break; // no answer, or no: asked again another time
    await visit.keep();
  }
  const old = (row) => !row.counter && !row.content.sent && !wanted.has(row.id) && Date.now() - row.at > FRESH;
  for (const row of known.values()) if (old(row)) await store.forget(row.id, row.opened.key);
}
