/** Calls of the API and of the console's own paths, as whoever is signed in. */
import { type Operations, ROUTES } from "../gen/api.js";
import { isAbort, Problem, problemOf } from "./problem.js";
import { signOut, token } from "./session.js";

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
  const [method, template] = ROUTES[id];
  const filled = Object.entries(path).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(String(value))),
    template,
  );
  return request(method, `${filled}${queryText(query)}`, { body, signal });
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
  }: {
    readonly body?: unknown;
    readonly signal?: AbortSignal | undefined;
    readonly accept?: string;
    /** Another token than that of whoever is signed in. */
    readonly as?: string | undefined;
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
