/** Calls of the API and of the console's own paths, as whoever is signed in. */
import { type Operations, ROUTES } from "../gen/api.js";
import { isAbort, Problem, problemOf } from "./problem.js";
import { signOut, token, tokenFor } from "./session.js";

/** How often a read is made that is over the reader's limit, and how long it waits before. */
const ATTEMPTS = 4;
const SHORTEST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

type Parameters<Id extends keyof Operations> = Operations[Id];

export interface CallOptions<Id extends keyof Operations> {
  readonly path?: Parameters<Id>["path"];
  readonly query?: Parameters<Id>["query"];
  readonly body?: Parameters<Id>["body"];
  readonly signal?: AbortSignal | undefined;
}

/** Calls an operation of the API by its name. @throws Problem */
export async function call<Id extends keyof Operations>(
  id: Id,
  { path = {}, query = {}, body, signal }: CallOptions<Id> = {},
): Promise<Operations[Id]["answer"]> {
  const [method, template, scope] = ROUTES[id];
  const filled = Object.entries(path).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(String(value))),
    template,
  );
  const response = await send(method, `${filled}${queryText(query)}`, { body, signal, as: tokenFor(scope) });
  return (await response.json()) as Operations[Id]["answer"];
}

/** Sends a request, and reads the JSON of its answer. @throws Problem */
export async function request<Answer>(
  method: string,
  address: string,
  { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal | undefined } = {},
): Promise<Answer> {
  const response = await send(method, address, { body, signal });
  return (await response.json()) as Answer;
}

/** Sends a request, for whoever reads its answer as it comes. @throws Problem */
export async function send(
  method: string,
  address: string,
  {
    body,
    signal,
    accept = "application/json",
    as = token.value,
    attempt = 1,
  }: {
    readonly body?: unknown;
    readonly signal?: AbortSignal | undefined;
    readonly accept?: string;
    /** Another token than that of whoever is signed in. */
    readonly as?: string | undefined;
    /** Which attempt it is, from 1: a reader's own limit passes by itself. */
    readonly attempt?: number;
  } = {},
): Promise<Response> {
  const response = await fetch(address, {
    method,
    headers: {
      accept,
      ...(as !== undefined && { authorization: `Bearer ${as}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  }).catch((error: unknown) => {
    throw isAbort(error) ? error : new Problem(0, "", "");
  });
  if (response.ok) return response;
  const pauseMs = Number(response.headers.get("retry-after") ?? Number.NaN) * 1_000;
  if (method === "GET" && response.status === 429 && pauseMs <= LONGEST_PAUSE_MS && attempt < ATTEMPTS) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(pauseMs, SHORTEST_PAUSE_MS)));
    signal?.throwIfAborted();
    return send(method, address, { body, signal, accept, as, attempt: attempt + 1 });
  }
  const problem = await problemOf(response);
  if (response.status === 401 && as === token.value) signOut("expired");
  throw problem;
}

/** The query of an address; what is empty is left out. */
export function queryText(query: object): string {
  const known = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}
