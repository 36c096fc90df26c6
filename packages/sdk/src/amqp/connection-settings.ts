import { randomUUID } from "node:crypto";
import type { ConnectionOptions as TlsConnectionOptions } from "node:tls";
import { checkFunction, checkNames, checkSignal, checkText, checkWait, namesOf } from "../arguments.js";
import type { ConnectOptions, SaslMechanism } from "../connection.js";
import { MessagingError } from "../errors.js";
import { type BrokerEndpoint, parseBrokerUrls } from "./broker-url.js";
import { checkCredentials } from "./credentials.js";
import { type FailoverOptions, parseFailoverUrl } from "./failover-url.js";
import { parseReconnect, type ReconnectSettings } from "./reconnect-settings.js";
import { PASSWORD_MECHANISMS } from "./sasl-mechanisms.js";
import { parseTlsOptions } from "./tls-options.js";

const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_IDLE_TIMEOUT_MS = 30_000;

/** {@link ConnectOptions} with every default filled in and every conflict refused. */
export interface ConnectionSettings {
  readonly endpoints: readonly BrokerEndpoint[];
  /** The AMQP container id: the client id, or a random one. */
  readonly containerId: string;
  readonly hasClientId: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly credentials: ConnectOptions["credentials"];
  readonly saslMechanisms: readonly SaslMechanism[] | undefined;
  /** As of now. @throws MessagingError */
  readonly tls: (() => TlsConnectionOptions) | undefined;
  readonly createSocket: ConnectOptions["createSocket"];
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** 0: nothing waits for a connection that is made again. */
  readonly waitForReconnectMs: number;
  readonly reconnect: ReconnectSettings | undefined;
  /** Rounds over all endpoints before the first connecting fails. */
  readonly firstAttempts: number;
  readonly signal: AbortSignal | undefined;
  readonly onError: ConnectOptions["onError"];
  readonly logger: ConnectOptions["logger"];
}

const CONNECT_OPTIONS = namesOf<ConnectOptions>({
  clientId: true,
  username: true,
  password: true,
  credentials: true,
  saslMechanisms: true,
  tls: true,
  createSocket: true,
  connectTimeoutMs: true,
  idleTimeoutMs: true,
  waitForReconnectMs: true,
  reconnect: true,
  signal: true,
  onError: true,
  logger: true,
});

/** @throws MessagingError `invalid-argument` */
export function parseConnectOptions(urls: string | readonly string[], options: ConnectOptions): ConnectionSettings {
  checkOptions(options);
  const failover = typeof urls === "string" ? parseFailoverUrl(urls) : undefined;
  const endpoints = ordered(parseBrokerUrls(failover?.urls ?? urls), failover?.options);
  const { clientId, username, password, signal } = options;
  if (clientId !== undefined && clientId.trim() === "") throw invalid("clientId must not be empty.");
  if (password !== undefined && username === undefined) throw invalid("password needs username beside it.");
  checkCredentials(options.credentials, options, endpoints);
  const reconnect = parseReconnect(options.reconnect, failover?.options);
  if (reconnect === undefined && options.waitForReconnectMs !== undefined) {
    throw invalid("waitForReconnectMs is given, but a connection that is lost is not made again.");
  }
  if (options.tls !== undefined && !endpoints.some(({ secure }) => secure)) {
    throw invalid("tls is given, but no URL begins with amqps://.");
  }
  if (endpoints.some(({ webSocket }) => webSocket !== undefined)) {
    if (options.createSocket !== undefined) throw invalid("createSocket is for URLs of amqp:// and amqps://.");
    if (options.tls !== undefined) {
      throw invalid(
        "tls is not for amqpwss://, where Node's own authorities count (NODE_EXTRA_CA_CERTS adds to them).",
      );
    }
  }
  return {
    endpoints,
    containerId: clientId ?? `quittance-${randomUUID()}`,
    hasClientId: clientId !== undefined,
    username,
    password,
    credentials: options.credentials,
    saslMechanisms: options.saslMechanisms,
    tls: parseTlsOptions(options.tls),
    createSocket: options.createSocket,
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
    waitForReconnectMs: options.waitForReconnectMs ?? 0,
    reconnect,
    firstAttempts: failover?.options.firstAttempts ?? firstAttempts(reconnect),
    signal,
    onError: options.onError,
    logger: options.logger,
  };
}

/** As many rounds as later, where their number is limited. */
function firstAttempts(reconnect: ReconnectSettings | undefined): number {
  return reconnect === undefined || reconnect.maximumAttempts === Number.POSITIVE_INFINITY
    ? 1
    : reconnect.maximumAttempts;
}

function checkOptions(options: ConnectOptions): void {
  checkNames("The options of connect", options, CONNECT_OPTIONS);
  const { clientId, username, password, signal } = options;
  checkText("clientId", clientId);
  checkText("username", username);
  checkText("password", password);
  checkSignal("signal", signal);
  checkFunction("onError", options.onError);
  checkFunction("createSocket", options.createSocket);
  checkLogger(options.logger);
  checkMechanisms(options.saslMechanisms);
  checkWait("connectTimeoutMs", options.connectTimeoutMs, 1);
  checkWait("idleTimeoutMs", options.idleTimeoutMs, 10);
  checkWait("waitForReconnectMs", options.waitForReconnectMs);
}

function checkLogger(given: ConnectOptions["logger"]): void {
  if (given === undefined) return;
  const methods = typeof given === "object" && given !== null ? [given.info, given.warn, given.error] : [undefined];
  if (methods.some((method) => typeof method !== "function")) {
    throw invalid("logger must have the methods info, warn and error, as console has.");
  }
}

function checkMechanisms(given: ConnectOptions["saslMechanisms"]): void {
  if (given === undefined) return;
  if (Array.isArray(given) && given.length > 0 && given.every((name) => PASSWORD_MECHANISMS.includes(name))) return;
  throw invalid(`saslMechanisms must name one or more of ${PASSWORD_MECHANISMS.join(", ")}.`);
}

/** In random order where that is asked for, so that many clients do not all come to the first broker. */
function ordered(endpoints: readonly BrokerEndpoint[], options: FailoverOptions | undefined) {
  if (options?.randomize !== true) return endpoints;
  return endpoints
    .map((endpoint) => ({ endpoint, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ endpoint }) => endpoint);
}

function invalid(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
