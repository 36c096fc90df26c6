import { MessagingError } from "../errors.js";

/** One broker of the list that `connect` was given. */
export interface BrokerEndpoint {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The URL without user and password, for messages. */
  readonly name: string;
}

const AMQP_PORT = 5672;
const AMQPS_PORT = 5671;

/**
 * Parses `amqp://[user[:password]@]host[:port]`, `amqps://...`, a comma-separated list of them, or an array.
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
  const secure = url.protocol === "amqps:";
  if (!secure && url.protocol !== "amqp:") throw problem(`has the scheme ${url.protocol}//`);
  if (url.hostname === "") throw problem("names no host");
  if ((url.pathname !== "" && url.pathname !== "/") || url.search !== "" || url.hash !== "") {
    throw problem("has a path, query or fragment, which means nothing here");
  }
  const port = url.port === "" ? (secure ? AMQPS_PORT : AMQP_PORT) : Number(url.port);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port,
    secure,
    username: url.username === "" ? undefined : decoded(url.username, problem),
    password: url.password === "" ? undefined : decoded(url.password, problem),
    name: `${url.protocol}//${url.hostname}:${port}`,
  };
}

function decoded(part: string, problem: (what: string) => MessagingError): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw problem("has a % in its user or password that is not written %25");
  }
}
