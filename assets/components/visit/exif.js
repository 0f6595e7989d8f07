// What the camera wrote into a photo goes with it when it is made smaller: time and place are evidence. The turn of the
// camera is set to none, for the smaller picture is upright already.
const SOI = 2, EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0], TURN = 0x0112, FIRST = 128 * 1024;

export async function withFacts(smaller, original) {
  const facts = await segment(original).catch(() => null);
  return facts ? new Blob([smaller.slice(0, SOI), facts, smaller.slice(SOI)], { type: "image/jpeg" }) : smaller;
}

// The APP1 segment with the facts, from the beginning of a JPEG; null when there is none.
async function segment(file) {
  const bytes = new Uint8Array(await file.slice(0, FIRST).arrayBuffer()), view = new DataView(bytes.buffer);
  if (view.getUint16(0) !== 0xffd8) return null;
  for (let at = SOI; at + 4 < bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda; at += 2 + view.getUint16(at + 2)) {
    if (bytes[at + 1] !== 0xe1 || EXIF.some((byte, n) => bytes[at + 4 + n] !== byte)) continue;
    const found = bytes.slice(at, at + 2 + view.getUint16(at + 2));
    upright(new DataView(found.buffer), 10);
    return found;
  }
  return null;
}

function upright(view, start) {
  const little = view.getUint16(start) === 0x4949, directory = start + view.getUint32(start + 4, little);
  for (let n = 0; n < view.getUint16(directory, little); n++) {
    const entry = directory + 2 + 12 * n;
    if (view.getUint16(entry, little) === TURN) view.setUint16(entry + 8, 1, little);
  }
}
