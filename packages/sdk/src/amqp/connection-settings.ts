import { randomUUID } from "node:crypto";
import type { ConnectionOptions as TlsConnectionOptions } from "node:tls";
import { checkFunction, checkNames, checkSignal, checkText, checkWait, namesOf } from "../arguments.js";
import type { ConnectOptions, ReconnectOptions } from "../connection.js";
import { MessagingError } from "../errors.js";
import { type BrokerEndpoint, parseBrokerUrls } from "./broker-url.js";
import { type FailoverOptions, parseFailoverUrl } from "./failover-url.js";
import { parseTlsOptions } from "./tls-options.js";

const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_IDLE_TIMEOUT_MS = 30_000;
const DEFAULT_INITIAL_DELAY_MS = 100;
const DEFAULT_MAXIMUM_DELAY_MS = 5_000;

/** {@link ConnectOptions} with every default filled in and every conflict refused. */
export interface ConnectionSettings {
  readonly endpoints: readonly BrokerEndpoint[];
  /** The AMQP container id: the client id, or a random one. */
  readonly containerId: string;
  readonly hasClientId: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** As of now. @throws MessagingError */
  readonly tls: (() => TlsConnectionOptions) | undefined;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly reconnect: ReconnectSettings | undefined;
  /** Rounds over all endpoints before the first connecting fails. */
  readonly firstAttempts: number;
  readonly signal: AbortSignal | undefined;
  readonly onError: ConnectOptions["onError"];
}

export interface ReconnectSettings {
  readonly initialDelayMs: number;
  readonly maximumDelayMs: number;
  readonly maximumAttempts: number;
}

const CONNECT_OPTIONS = namesOf<ConnectOptions>({
  clientId: true,
  username: true,
  password: true,
  tls: true,
  connectTimeoutMs: true,
  idleTimeoutMs: true,
  reconnect: true,
  signal: true,
  onError: true,
});
const RECONNECT_OPTIONS = namesOf<ReconnectOptions>({
  initialDelayMs: true,
  maximumDelayMs: true,
  maximumAttempts: true,
});

/** @throws MessagingError `invalid-argument` */
export function parseConnectOptions(urls: string | readonly string[], options: ConnectOptions): ConnectionSettings {
  checkOptions(options);
  const failover = typeof urls === "string" ? parseFailoverUrl(urls) : undefined;
  const endpoints = ordered(parseBrokerUrls(failover?.urls ?? urls), failover?.options);
  const { clientId, username, password, signal } = options;
  if (clientId !== undefined && clientId.trim() === "") throw invalid("clientId must not be empty.");
  if (password !== undefined && username === undefined) throw invalid("password needs username beside it.");
  const given = reconnectOptions(options.reconnect, failover?.options);
  if (options.tls !== undefined && !endpoints.some(({ secure }) => secure)) {
    throw invalid("tls is given, but no URL begins with amqps://.");
  }
  return {
    endpoints,
    containerId: clientId ?? `quittance-${randomUUID()}`,
    hasClientId: clientId !== undefined,
    username,
    password,
    tls: parseTlsOptions(options.tls),
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
    reconnect: given === false ? undefined : parseReconnect(given),
    firstAttempts: failover?.options.firstAttempts ?? (given === false ? undefined : given?.maximumAttempts) ?? 1,
    signal,
    onError: options.onError,
  };
}

function checkOptions(options: ConnectOptions): void {
  checkNames("The options of connect", options, CONNECT_OPTIONS);
  const { clientId, username, password, reconnect, signal } = options;
  checkText("clientId", clientId);
  checkText("username", username);
  checkText("password", password);
  checkSignal("signal", signal);
  checkFunction("onError", options.onError);
  checkWait("connectTimeoutMs", options.connectTimeoutMs, 1);
  checkWait("idleTimeoutMs", options.idleTimeoutMs, 10);
  if (reconnect === undefined || reconnect === false) return;
  checkNames("The option reconnect", reconnect, RECONNECT_OPTIONS);
  checkWait("reconnect.initialDelayMs", reconnect.initialDelayMs);
  checkWait("reconnect.maximumDelayMs", reconnect.maximumDelayMs);
}

/** What the failover string says may not be said a second time. */
function reconnectOptions(given: ConnectOptions["reconnect"], url: FailoverOptions | undefined) {
  const { initialDelayMs, maximumDelayMs, maximumAttempts } = url ?? {};
  if (initialDelayMs === undefined && maximumDelayMs === undefined && maximumAttempts === undefined) return given;
  if (given !== undefined) {
    throw invalid("Reconnection is described twice: in the failover URL and in the option reconnect.");
  }
  if (maximumAttempts === 0) return false;
  return {
    ...(initialDelayMs === undefined ? {} : { initialDelayMs }),
    ...(maximumDelayMs === undefined ? {} : { maximumDelayMs }),
    ...(maximumAttempts === undefined || maximumAttempts === Number.POSITIVE_INFINITY ? {} : { maximumAttempts }),
  };
}

/** In random order where that is asked for, so that many clients do not all come to the first broker. */
function ordered(endpoints: readonly BrokerEndpoint[], options: FailoverOptions | undefined) {
  if (options?.randomize !== true) return endpoints;
  return endpoints
    .map((endpoint) => ({ endpoint, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ endpoint }) => endpoint);
}

function parseReconnect(options: Exclude<ConnectOptions["reconnect"], false>): ReconnectSettings {
  const initialDelayMs = options?.initialDelayMs ?? DEFAULT_INITIAL_DELAY_MS;
  const maximumDelayMs = options?.maximumDelayMs ?? Math.max(DEFAULT_MAXIMUM_DELAY_MS, initialDelayMs);
  if (!(maximumDelayMs >= initialDelayMs)) {
    throw invalid("reconnect.maximumDelayMs must not be less than reconnect.initialDelayMs.");
  }
  const maximumAttempts = options?.maximumAttempts;
  return {
    initialDelayMs,
    maximumDelayMs,
    maximumAttempts:
      maximumAttempts === undefined
        ? Number.POSITIVE_INFINITY
        : atLeast(1, "reconnect.maximumAttempts", maximumAttempts),
  };
}

/** Checks a number of an option. */
export function atLeast(minimum: number, name: string, value: number): number {
  if (Number.isFinite(value) && value >= minimum) return value;
  throw invalid(`${name} must be a number of at least ${minimum}.`);
}

/** Full jitter: any time up to the one that doubles with each attempt, beginning with 1. */
export function jitteredDelayMs(
  attempt: number,
  settings: Pick<ReconnectSettings, "initialDelayMs" | "maximumDelayMs">,
) {
  return Math.random() * Math.min(settings.maximumDelayMs, settings.initialDelayMs * 2 ** Math.min(attempt - 1, 30));
}

function invalid(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
