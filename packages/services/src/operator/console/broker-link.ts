/** The console's connection to the broker: made when it is first needed, and made again when it has broken. */
import type { Connection } from "@quittance/sdk";
import { connectBroker } from "../../platform/connect-broker.js";
import type { ClientTls } from "../../platform/tls.js";
import { withinTime } from "../../platform/within-time.js";

const CONNECT_TIMEOUT_MS = 3_000;
/** After an attempt that failed, the next is made so much later: whoever asks meanwhile gets the failure. */
const PAUSE_MS = 1_000;

export class BrokerLink {
  readonly #url: () => Promise<string>;
  readonly #tls: () => Promise<ClientTls>;
  #connection: Promise<Connection> | undefined;
  /** After a failure. */
  #retryAtMs: number | undefined;
  #closed = false;

  constructor(url: () => Promise<string>, tls: () => Promise<ClientTls>) {
    this.#url = url;
    this.#tls = tls;
  }

  /**
   * Runs `work` on the connection, which others use at the same time.
   * @throws MessagingError when the broker cannot be reached; what `work` throws, and Error when it takes longer.
   */
  async use<T>(work: (connection: Connection) => Promise<T>, timeoutMs: number): Promise<T> {
    const connection = await this.#open();
    const done = await withinTime(
      timeoutMs,
      work(connection).then((value) => ({ value })),
    );
    if (done !== undefined) return done.value;
    // The connection may be the fault: what waits on it fails, and the next user has another.
    this.#connection = undefined;
    connection.close().catch(() => undefined);
    throw new Error(`The broker did not answer within ${timeoutMs / 1_000} s.`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.close();
  }

  #open(): Promise<Connection> {
    if (this.#closed) return Promise.reject(new Error("The console stops."));
    if (this.#retryAtMs !== undefined && Date.now() >= this.#retryAtMs) this.#connection = undefined;
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  #connect(): Promise<Connection> {
    this.#retryAtMs = undefined;
    const connecting = (async () => {
      const connection = await connectBroker(await this.#url(), await this.#tls(), {
        reconnect: false,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
      });
      connection.onState((state) => {
        if (state.name !== "open" && this.#connection === connecting) this.#connection = undefined;
      });
      return connection;
    })();
    connecting.catch(() => {
      this.#retryAtMs = Date.now() + PAUSE_MS;
    });
    return connecting;
  }
}
