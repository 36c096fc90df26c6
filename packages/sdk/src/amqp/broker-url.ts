import { MessagingError } from "../errors.js";

/** One broker of the list that `connect` was given. */
export interface BrokerEndpoint {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The WebSocket's URL, where the connection goes over one. */
  readonly webSocket?: string | undefined;
  /** The URL without user and password, for messages. */
  readonly name: string;
}

const SCHEMES: Readonly<
  Record<string, { readonly port: number; readonly secure: boolean; readonly webSocket?: string }>
> = {
  "amqp:": { port: 5672, secure: false },
  "amqps:": { port: 5671, secure: true },
  "amqpws:": { port: 80, secure: false, webSocket: "ws" },
  "amqpwss:": { port: 443, secure: true, webSocket: "wss" },
};

/**
 * Parses `amqp://[user[:password]@]host[:port]`, `amqps://...`, `amqpws://host[:port][/path]`, `amqpwss://...`, a
 * comma-separated list of them, or an array.
 * @throws MessagingError `invalid-argument`; its sentence never holds a password.
 */
export function parseBrokerUrls(urls: string | readonly string[]): readonly BrokerEndpoint[] {
  if (typeof urls !== "string" && !(Array.isArray(urls) && urls.every((url) => typeof url === "string"))) {
    throw new MessagingError("invalid-argument", "connect needs a URL, or an array of URLs, and each a string.");
  }
  const list = (typeof urls === "string" ? urls.split(",") : [...urls]).map((url) => url.trim());
  if (list.length === 0) throw new MessagingError("invalid-argument", "connect needs at least one URL.");
  return list.map(parseBrokerUrl);
}

function parseBrokerUrl(text: string, index: number): BrokerEndpoint {
  const problem = (what: string) =>
    new MessagingError(
      "invalid-argument",
      `Broker URL number ${index + 1} ${what}. Expected amqp://[user[:password]@]host[:port] or amqps://...`,
    );
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw problem("is not a URL");
  }
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) throw problem(`has the scheme ${url.protocol}//`);
  if (url.hostname === "") throw problem("names no host");
  const { webSocket } = scheme;
  const path = url.pathname === "/" ? "" : url.pathname;
  if ((path !== "" && webSocket === undefined) || url.search !== "" || url.hash !== "") {
    throw problem("has a path, query or fragment, which means nothing here");
  }
  const port = url.port === "" ? scheme.port : Number(url.port);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    secure: scheme.secure,
    username: url.username === "" ? undefined : decoded(url.username, problem),
    password: url.password === "" ? undefined : decoded(url.password, problem),
    webSocket: webSocket && `${webSocket}://${url.hostname}:${port}${path || "/"}`,
    name: `${url.protocol}//${url.hostname}:${port}${path}`,
  };
}

function decoded(part: string, problem: (what: string) => MessagingError): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw problem("has a % in its user or password that is not written %25");
  }
}
