// Requests to the server, with the token where it asks for one.

const KEY = "crisisflow-token";
let askForToken = () => {};

export class Refused extends Error {
  constructor(status, detail, seconds) {
    super(detail);
    this.status = status;
    this.seconds = seconds; // after which to try again, where the server says so
  }
}

export function onMissingToken(ask) {
  askForToken = ask;
}

export function useToken(token) {
  sessionStorage.setItem(KEY, token);
}

export const hasToken = () => sessionStorage.getItem(KEY) !== null;

// `keepalive`: the request is sent even where the page is left meanwhile.
export async function request(path, { method = "GET", body, headers = {}, signal, keepalive } = {}) {
  const token = sessionStorage.getItem(KEY);
  const answer = await fetch(path, {
    method,
    signal,
    keepalive,
    headers: {
      ...headers,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.ok) return answer;
  if (answer.status === 401) askForToken();
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail ?? answer.statusText, Number(answer.headers.get("retry-after")) || null);
}

export async function json(path, options) {
  return (await request(path, options)).json();
}

// Server-sent events of `path` behind the one with the id `last`, as { id, event, data }; an id may be any string.
// Not by EventSource, which cannot send a token.
export async function* events(path, last, signal) {
  const answer = await request(path, { headers: last === null ? {} : { "last-event-id": last }, signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = { event: "message", data: "" };
      for (const line of block.split("\n")) {
        const at = line.indexOf(":");
        if (at > 0) event[line.slice(0, at)] = line.slice(at + 1).replace(/^ /, "");
      }
      if (block[0] !== ":") yield event;
    }
  }
}
