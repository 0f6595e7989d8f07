// The phone's own memory: forms as they stand and photos that have not arrived, kept until they were sent.
const NAME = "vigil-visits";
let opening;

function database() {
  opening ||= new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 2);
    asked.onupgradeneeded = ({ oldVersion }) => {
      if (oldVersion < 1) {
        asked.result.createObjectStore("forms", { keyPath: "id" });
        asked.result.createObjectStore("photos", { keyPath: "id" }).createIndex("form", "form");
      }
      asked.result.createObjectStore("days", { keyPath: "who" });
    };
    asked.onblocked = () => failed(new Error("an older page is open"));
    asked.onsuccess = () => {
      asked.result.onversionchange = () => { asked.result.close(); opening = null; }; // a newer page wants to change it
      asked.result.onclose = () => { opening = null; };
      done(asked.result);
    };
    asked.onerror = () => failed(asked.error);
  });
  opening.catch(() => { opening = null; });
  return opening;
}

async function run(place, mode, ask) {
  const db = await database();
  return new Promise((done, failed) => {
    const work = db.transaction(place, mode);
    const asked = ask(work.objectStore(place));
    work.oncomplete = () => done(asked?.result);
    work.onerror = work.onabort = () => failed(work.error);
  });
}

export const form = (id) => run("forms", "readonly", (s) => s.get(id));
export const formsOf = async (who) => (await run("forms", "readonly", (s) => s.getAll())).filter((row) => row.who === who);
export const keepForm = (row) => run("forms", "readwrite", (s) => s.put(row));
export const photosOf = (key) => run("photos", "readonly", (s) => s.index("form").getAll(key));
export const keepPhoto = (row) => run("photos", "readwrite", (s) => s.put(row));
export const dropPhoto = (id) => run("photos", "readwrite", (s) => s.delete(id));

export const day = (who) => run("days", "readonly", (s) => s.get(who));
export const keepDay = (row) => run("days", "readwrite", (s) => s.put(row));

export async function forget(id, key) {
  await run("forms", "readwrite", (s) => s.delete(id));
  for (const photo of await photosOf(key)) await dropPhoto(photo.id);
}

// What another person left on this phone is not shown: the list of his day goes at once, his forms once they are a month old.
export async function tidy(who, now) {
  for (const row of await run("days", "readonly", (s) => s.getAll())) if (row.who !== who) await run("days", "readwrite", (s) => s.delete(row.who));
  const all = await run("forms", "readonly", (s) => s.getAll());
  for (const row of all) if (row.who !== who && now - row.at > 30 * 86400e3) await forget(row.id, row.opened.key);
}
