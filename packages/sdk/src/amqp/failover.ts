/** Which broker is tried when: the list of endpoints in turn, waits that grow between rounds, and when to give up. */
import { setTimeout as sleep } from "node:timers/promises";
import { backOffDelayMs } from "../back-off.js";
import { MessagingError } from "../errors.js";
import type { BrokerEndpoint } from "./broker-url.js";
import type { ConnectionSettings } from "./connection-settings.js";
import { brokersToTry } from "./known-brokers.js";
import type { ReconnectSettings } from "./reconnect-settings.js";
import { Transport } from "./transport.js";

/** A user or password that was refused so often in a row will not be taken the next time either. */
const MAXIMUM_REFUSED_LOGINS = 3;

export interface ReconnectSteps {
  /** Told before each attempt, counted from 1, with what the one before it failed with. */
  attempting(attempt: number, failure: MessagingError | undefined): void;
  /** Restores everything on the new transport; rejects when the transport broke meanwhile. */
  use(transport: Transport): Promise<void>;
}

export class Failover {
  readonly #settings: ConnectionSettings;
  readonly #ended: AbortSignal;
  /** Attempts since the last transport that lasted: a transport that always breaks at once is no reason to hurry. */
  #unsteady = 0;
  /** Named by the broker of the last transport. */
  #partners: readonly BrokerEndpoint[] = [];

  constructor(settings: ConnectionSettings, ended: AbortSignal) {
    this.#settings = settings;
    this.#ended = ended;
  }

  /** The first transport. @throws MessagingError that of the last endpoint tried. */
  async first(): Promise<Transport> {
    const { firstAttempts, reconnect } = this.#settings;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#round();
      } catch (error) {
        const final = error instanceof MessagingError && !error.retryable;
        if (final || attempt >= firstAttempts || reconnect === undefined) throw error;
        await this.#pause(backOffDelayMs(reconnect, attempt));
      }
    }
  }

  /** A new transport after a loss. @throws MessagingError when it is given up. */
  async again(lost: Transport, steps: ReconnectSteps): Promise<void> {
    const reconnect = this.#settings.reconnect as ReconnectSettings;
    if (performance.now() - lost.openedAt > reconnect.maximumDelayMs) this.#unsteady = 0;
    let refused = 0;
    let failure: MessagingError | undefined;
    for (let attempt = 1; ; attempt++) {
      this.#unsteady++;
      steps.attempting(attempt, failure);
      await this.#pause(backOffDelayMs(reconnect, this.#unsteady));
      try {
        return await steps.use(await this.#round());
      } catch (error) {
        if (this.#ended.aborted) throw error;
        if (error instanceof MessagingError) failure = error;
        refused = error instanceof MessagingError && error.code === "authentication-failed" ? refused + 1 : 0;
        if (refused >= MAXIMUM_REFUSED_LOGINS) throw error;
        if (attempt >= reconnect.maximumAttempts) throw error;
      }
    }
  }

  /** Tries each broker once: those of the list in its order, then the partners that the last one named. */
  async #round(): Promise<Transport> {
    const errors: MessagingError[] = [];
    for (const endpoint of brokersToTry(this.#settings.endpoints, this.#partners)) {
      try {
        const transport = await Transport.open(endpoint, this.#settings, this.#ended);
        // A broker that names nobody leaves what another named: a backup may not know of its primary yet.
        if (transport.partners.length > 0) this.#partners = transport.partners;
        return transport;
      } catch (error) {
        if (this.#ended.aborted) throw error;
        errors.push(error as MessagingError);
      }
    }
    const [only, ...others] = errors as [MessagingError, ...MessagingError[]];
    if (others.length === 0) throw only;
    const refused = errors.every(({ code }) => code === "authentication-failed");
    throw new MessagingError(
      refused ? "authentication-failed" : "connection-failed",
      `No broker of ${errors.length} could be used. ${errors.map(({ message }) => message).join(" ")}`,
      { cause: new AggregateError(errors) },
    );
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#ended }).catch(() => {});
    if (this.#ended.aborted) throw new MessagingError("aborted", "Connecting was aborted.");
  }
}
