/** One live connection to one broker. When it is lost it stays lost: reconnecting makes a new transport. */
import type { Duplex } from "node:stream";
import { afterReading, startDeadline } from "../deadline.js";
import { MessagingError } from "../errors.js";
import { type AddressPrefixes, NO_PREFIXES, namedPrefixes } from "./address-prefixes.js";
import { askCredentials, askSocket } from "./ask-application.js";
import type { BrokerEndpoint } from "./broker-url.js";
import type { ConnectionSettings } from "./connection-settings.js";
import { namedBrokers } from "./known-brokers.js";
import { bytesReadOf, openSocket } from "./open-socket.js";
import { createRheaConnection, createRheaSession, endEngine, startHeartbeat } from "./rhea-engine.js";
import type { RheaConnection, RheaSession } from "./rhea-types.js";
import { type Login, saslMechanisms } from "./sasl-mechanisms.js";

/** rhea asks the peer for a sign of life within the time that it is told, and gives up after twice that. */
const IDLE_TOLERANCE = 2;
const CLOSE_TIMEOUT_MS = 2_000;
const CAPABILITIES = ["DELAYED_DELIVERY", "ANONYMOUS-RELAY", "SHARED-SUBS"];

export class Transport {
  readonly endpoint: BrokerEndpoint;
  readonly openedAt = performance.now();
  readonly #connection: RheaConnection;
  readonly #idleTimeoutMs: number;
  readonly #lostListeners = new Set<(error: MessagingError) => void>();
  #prefixes = NO_PREFIXES;
  #watch: NodeJS.Timeout | undefined;
  #lost: MessagingError | undefined;

  private constructor(connection: RheaConnection, endpoint: BrokerEndpoint, idleTimeoutMs: number) {
    this.#connection = connection;
    this.endpoint = endpoint;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /**
   * Connects, authenticates and opens. Fault 13: rhea has no time-out for any of it, and a frozen broker, or a TLS
   * port that is spoken to in plain, never answers.
   * @throws MessagingError `connection-failed`, `authentication-failed`, `aborted`
   */
  static async open(endpoint: BrokerEndpoint, settings: ConnectionSettings, signal: AbortSignal): Promise<Transport> {
    const { credentials, createSocket, connectTimeoutMs } = settings;
    const login = credentials
      ? await askCredentials(credentials, connectTimeoutMs, signal)
      : userOf(endpoint, settings);
    const made = createSocket && (await askSocket(createSocket, endpoint, connectTimeoutMs, signal));
    try {
      return await Transport.#open(endpoint, settings, rheaOptions(endpoint, settings, login, made), signal);
    } catch (error) {
      made?.destroy();
      throw error;
    }
  }

  static #open(
    endpoint: BrokerEndpoint,
    settings: ConnectionSettings,
    options: object,
    signal: AbortSignal,
  ): Promise<Transport> {
    const connection = createRheaConnection(settings.containerId, options);
    const transport = new Transport(connection, endpoint, settings.idleTimeoutMs);
    const { promise, resolve, reject } = Promise.withResolvers<Transport>();
    const fail = (error: MessagingError) => {
      transport.abandon(error);
      reject(error);
    };
    const inTime = startDeadline(settings.connectTimeoutMs, () =>
      fail(failed(endpoint, `did not answer within ${settings.connectTimeoutMs} ms`)),
    );
    const aborted = () => fail(new MessagingError("aborted", "Connecting was aborted."));
    signal.addEventListener("abort", aborted, { once: true });
    transport.#listen((error, sentence) => fail(openingError(endpoint, connection, sentence, error)));
    connection.on("connection_open", () => {
      // A broker that refuses the container id opens first and closes then, and says so in advance.
      if (connection.properties?.["amqp:connection-establishment-failed"] !== true) resolve(transport);
    });
    if (signal.aborted) aborted();
    else connection.connect();
    return promise
      .then((opened) => {
        // An open and a close that came in one packet: the transport was lost before anybody could hold it.
        if (opened.#lost !== undefined) throw opened.#lost;
        opened.#hold();
        return opened;
      })
      .finally(() => {
        inTime();
        signal.removeEventListener("abort", aborted);
      });
  }

  /** The broker's product, as it calls itself. */
  get product(): string | undefined {
    const product = this.#connection.properties?.product;
    return typeof product === "string" ? product : undefined;
  }

  /** What the broker wants before addresses. */
  get prefixes(): AddressPrefixes {
    return this.#prefixes;
  }

  /** The brokers that this one named as its partners, for when it is away. */
  get partners(): readonly BrokerEndpoint[] {
    return namedBrokers(this.#connection.properties?.["failover-server-list"], this.endpoint);
  }

  /** The error with which the transport was lost, if it was. */
  get lost(): MessagingError | undefined {
    return this.#lost;
  }

  /** Whether the broker offered a capability when the connection was opened. */
  offers(capability: string): boolean {
    const offered = this.#connection.offered_capabilities;
    return typeof offered === "string" ? offered === capability : (offered?.includes(capability) ?? false);
  }

  createSession(size: { readonly incoming: number; readonly outgoing: number }): RheaSession {
    const session = createRheaSession(this.#connection, size);
    session.begin();
    return session;
  }

  /** Calls `listener` once when the transport is lost, until the returned function is called. */
  onLost(listener: (error: MessagingError) => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** Closes as AMQP wants it, waiting a short while for the broker's answer. */
  async close(): Promise<void> {
    if (this.#lost !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    this.onLost(() => resolve());
    this.#connection.close();
    await promise;
    clearTimeout(timer);
    this.abandon(new MessagingError("closed", "The connection is closed."));
  }

  /** Ends the transport at once, and tells the broker nothing. */
  abandon(error: MessagingError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    clearInterval(this.#watch);
    this.#connection.removeAllListeners();
    for (const event of ["error", "disconnected", "connection_error", "connection_close", "protocol_error"]) {
      this.#connection.on(event, () => {});
    }
    endEngine(this.#connection);
    // The socket's own errors have rhea's listener still.
    this.#connection.socket?.destroy();
    for (const listener of this.#lostListeners) listener(error);
    this.#lostListeners.clear();
  }

  #abandonSilent(): void {
    const sentence = `The connection to ${this.endpoint.name} was silent for ${this.#idleTimeoutMs} ms.`;
    this.abandon(new MessagingError("connection-lost", sentence));
  }

  /** From now on a loss is that of an open transport. */
  #hold(): void {
    this.#prefixes = namedPrefixes(this.#connection.properties);
    this.#connection.removeAllListeners();
    this.#listen((cause, sentence) => {
      const { condition, description } = this.#connection.error ?? {};
      const why = condition === undefined ? sentence : `was closed by the broker: ${description ?? condition}`;
      this.abandon(
        new MessagingError("connection-lost", `The connection to ${this.endpoint.name} ${why}.`, {
          ...(condition !== undefined && { condition }),
          cause,
        }),
      );
    });
    startHeartbeat(this.#connection);
    this.#watchForSilence();
  }

  /** Hears everything that ends a connection in rhea. */
  #listen(ended: (cause: unknown, sentence: string) => void): void {
    const connection = this.#connection;
    const { socket } = connection;
    connection.on("error", (error: unknown) => ended(error, "failed"));
    connection.on("protocol_error", (error: unknown) => ended(error, "does not speak AMQP 1.0 as it should"));
    connection.on("disconnected", (context: { error?: unknown }) => ended(context.error, "broke"));
    connection.on("connection_error", () => {});
    // Outcomes that came in the same packet as the close are told before the loss: rhea has queued them already.
    connection.on("connection_close", () => process.nextTick(() => ended(undefined, "was closed by the broker")));
    socket?.once("close", () => ended(undefined, "broke"));
  }

  /**
   * Notices a broker that is frozen or unreachable. rhea's own watch sets a timer for each read, and stops when bytes
   * fail to come in the middle of a frame; the socket's counter is watched instead.
   */
  #watchForSilence(): void {
    const { socket } = this.#connection;
    if (socket === undefined) return;
    const bytesRead = bytesReadOf(socket);
    let heard = bytesRead();
    let heardAt = performance.now();
    this.#watch = setInterval(
      () => {
        const now = performance.now();
        if (bytesRead() !== heard) {
          heard = bytesRead();
          heardAt = now;
        } else if (now - heardAt >= this.#idleTimeoutMs) {
          afterReading(() => {
            if (bytesRead() === heard) this.#abandonSilent();
          });
        }
      },
      Math.max(5, this.#idleTimeoutMs / 4),
    );
  }
}

/** The user of the URL, else that of the options. */
function userOf(endpoint: BrokerEndpoint, settings: ConnectionSettings): Login {
  return endpoint.username === undefined ? settings : endpoint;
}

function rheaOptions(
  endpoint: BrokerEndpoint,
  settings: ConnectionSettings,
  login: Login,
  made: Duplex | undefined,
): object {
  const tls = endpoint.secure ? (settings.tls?.() ?? {}) : undefined;
  return {
    hostname: endpoint.host,
    sasl_init_hostname: endpoint.host,
    sasl_mechanisms: saslMechanisms(login, tls?.cert !== undefined, settings.saslMechanisms),
    idle_time_out: Math.ceil(settings.idleTimeoutMs / IDLE_TOLERANCE),
    desired_capabilities: settings.hasClientId ? ["sole-connection-for-container", ...CAPABILITIES] : CAPABILITIES,
    connection_details: () => ({
      connect: (_port: unknown, _host: unknown, _options: unknown, connected: () => void) =>
        openSocket(endpoint, tls, made, connected),
    }),
  };
}

function openingError(
  endpoint: BrokerEndpoint,
  connection: RheaConnection,
  sentence: string,
  cause: unknown,
): MessagingError {
  const { transport_error: sasl, error: closed } = connection;
  if (sasl !== undefined) {
    const why = `${endpoint.name} refused the log-in: ${sasl.description ?? sasl.condition ?? "no reason given"}.`;
    // Only a refusal is final: the other SASL outcomes mean a broker in trouble.
    const refused = sasl.condition === "amqp:unauthorized-access";
    return new MessagingError(refused ? "authentication-failed" : "connection-failed", why, { cause: sasl });
  }
  // The one field that a broker finds fault with after the open is the container id (see the mapping, 4.4).
  if (closed?.condition === "amqp:invalid-field") {
    const sentence = `${endpoint.name} refused the client id: another connection has it (${closed.description}).`;
    return new MessagingError("invalid-argument", sentence, { condition: closed.condition });
  }
  if (closed !== undefined) {
    const code = closed.condition === "amqp:unauthorized-access" ? "authentication-failed" : "connection-failed";
    return new MessagingError(code, `${endpoint.name} closed the connection: ${closed.description ?? "no reason"}.`, {
      ...(closed.condition !== undefined && { condition: closed.condition }),
    });
  }
  const reason = cause instanceof Error ? `${sentence}: ${cause.message}` : sentence;
  return failed(endpoint, reason, cause);
}

function failed(endpoint: BrokerEndpoint, reason: string, cause?: unknown): MessagingError {
  return new MessagingError("connection-failed", `The connection to ${endpoint.name} ${reason}.`, { cause });
}
