/** Runs from time to time: deletes old events, and seals secrets again with the first key. */
import type { Database } from "../../platform/database.js";
import type { Logger } from "../../platform/log.js";
import { giveUpForDeleted, purgeEvents } from "../operations/purge-events.js";
import { findSealedOtherwise, replaceSeal } from "../operations/webhook-secrets.js";
import type { SecretSeal } from "./secret-seal.js";

const DAY_MS = 24 * 3_600 * 1_000;
/** How long events are kept, with their deliveries and attempts. */
const EVENTS_KEPT_MS = 30 * DAY_MS;
/** Rows that one statement deletes or changes. */
const BATCH = 1_000;
/** Batches of one round: the next one goes on. */
const MAXIMUM_BATCHES = 100;

export interface HousekeepingOptions {
  readonly database: Database;
  readonly seal: SecretSeal;
  readonly log: Logger;
  /** How often it looks, in milliseconds [60,000]. */
  readonly everyMs?: number;
  /** How long events are kept, in milliseconds [30 days]. */
  readonly eventsKeptMs?: number;
}

export class EventHousekeeping {
  readonly #options: Required<HousekeepingOptions>;
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;
  #stopping = false;

  constructor(options: HousekeepingOptions) {
    this.#options = { everyMs: 60_000, eventsKeptMs: EVENTS_KEPT_MS, ...options };
    this.#timer = setInterval(() => void this.run(), this.#options.everyMs).unref();
  }

  /** One round; the one that is under way when there is one. */
  run(): Promise<void> {
    this.#round ??= this.#work()
      .catch((error: unknown) => this.#options.log.warn({ err: error }, "old events are not deleted"))
      .finally(() => {
        this.#round = undefined;
      });
    return this.#round;
  }

  /** Ends after the statement that is under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await this.#round;
  }

  async #work(): Promise<void> {
    const { database, eventsKeptMs, log } = this.#options;
    await this.#sealAgain();
    const limits = { maximumAgeMs: eventsKeptMs, limit: BATCH };
    const purged = await this.#repeat(() => database.autoCommit((session) => purgeEvents(session, limits)));
    const givenUp = await this.#repeat(() => database.autoCommit((session) => giveUpForDeleted(session, BATCH)));
    if (purged + givenUp > 0) log.info({ purged, givenUp }, "old events deleted");
  }

  async #repeat(batch: () => Promise<number>): Promise<number> {
    let total = 0;
    for (let count = BATCH, round = 0; count === BATCH && round < MAXIMUM_BATCHES && !this.#stopping; round += 1) {
      count = await batch();
      total += count;
    }
    return total;
  }

  /** So that a key can be taken away some time after another one was put before it. */
  async #sealAgain(): Promise<void> {
    const { database, seal, log } = this.#options;
    const former = await database.autoCommit((session) => findSealedOtherwise(session, seal.keyId, BATCH));
    for (const one of former) {
      if (this.#stopping) return;
      try {
        const secret = await seal.seal(await seal.open(one.sealed, one.endpointId), one.endpointId);
        await database.autoCommit((session) => replaceSeal(session, one, secret));
      } catch (error) {
        log.error({ err: error, endpoint: one.endpointId }, "the secret of a webhook endpoint is not sealed again");
      }
    }
  }
}
