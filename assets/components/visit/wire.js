// The way to the server. `Away` means nothing was answered: try again later. `No` is an answer.
export class Away extends Error {}

export class No extends Error {
  constructor(status, body) {
    super(body.words || String(status));
    Object.assign(this, { status, refusal: body.refusal });
  }
}

export async function ask(method, path, body, given = {}) {
  let answer;
  try {
    answer = await fetch(`${location.origin}/api/v1/${path}`, {
      method, credentials: "same-origin", cache: "no-store", headers: { "X-Vigil": "1", ...(body instanceof Blob ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body), signal: AbortSignal.timeout(given.patience || 20000), keepalive: given.keepalive,
    });
  } catch (gone) {
    throw new Away(String(gone));
  }
  if (answer.status >= 500 || answer.status === 429) throw new Away(String(answer.status));
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new No(answer.status, said);
  return said;
}
