// Photos: made smaller on the phone, kept there, sent piece by piece; a piece that got lost is sent again.
import { now } from "./clock.js";
import { withFacts } from "./exif.js";
import * as store from "./store.js";
import { ask, No } from "./wire.js";

const SIDE = 1600, QUALITY = 0.8, PIECE = 256 * 1024;

export async function take(file, form, fix) {
  const blob = await withFacts(await smaller(file), file);
  const photo = { id: crypto.randomUUID(), form, blob, total: blob.size, received: 0, at: now().toISOString(), lat: fix?.lat, lon: fix?.lon };
  await store.keepPhoto(photo);
  return photo;
}

async function smaller(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("photo"))), "image/jpeg", QUALITY));
}

// Sends what has not arrived yet; `told` hears of progress. A photo the server refuses is marked, the others go on.
export async function sendAll(key, told) {
  for (const photo of await store.photosOf(key)) {
    if (photo.whole || photo.refused) continue;
    try {
      await send(key, photo, told);
    } catch (no) {
      if (!(no instanceof No)) throw no;
      photo.refused = no.message;
      await store.keepPhoto(photo);
    }
    told(photo);
  }
}

async function send(key, photo, told) {
  const place = photo.lat === undefined ? "" : `&lat=${photo.lat}&lon=${photo.lon}`;
  while (!photo.whole) {
    const piece = photo.blob.slice(photo.received, photo.received + PIECE);
    const path = `visits/${key}/photos/${photo.id}?offset=${photo.received}&total=${photo.total}&at=${encodeURIComponent(photo.at)}${place}`;
    const answer = await ask("PUT", path, piece, { patience: 60000 });
    Object.assign(photo, { received: answer.received, whole: answer.whole });
    await store.keepPhoto(photo);
    told(photo);
  }
}
