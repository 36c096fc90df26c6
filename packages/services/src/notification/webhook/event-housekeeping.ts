/** Runs from time to time: deletes old events, and seals secrets again with the first key. */
import type { Database, Session } from "../../platform/database.js";
import type { Logger } from "../../platform/log.js";
import { type Rounds, startRounds } from "../../platform/rounds.js";
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
  readonly #rounds: Rounds;

  constructor(options: HousekeepingOptions) {
    this.#options = { everyMs: 60_000, eventsKeptMs: EVENTS_KEPT_MS, ...options };
    const { everyMs, log } = this.#options;
    this.#rounds = startRounds({
      everyMs,
      work: (isStopping) => this.#work(isStopping),
      failed: (error) => log.warn({ err: error }, "old events are not deleted"),
    });
  }

  /** One round; the one that is under way when there is one. */
  run(): Promise<void> {
    return this.#rounds.run();
  }

  /** Ends after the statement that is under way. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #work(isStopping: () => boolean): Promise<void> {
    const { database, eventsKeptMs, log } = this.#options;
    await this.#sealAgain(isStopping);
    const limits = { maximumAgeMs: eventsKeptMs, limit: BATCH };
    const repeat = (batch: (session: Session) => Promise<number>) =>
      repeated(() => database.autoCommit(batch), isStopping);
    const purged = await repeat((session) => purgeEvents(session, limits));
    const givenUp = await repeat((session) => giveUpForDeleted(session, BATCH));
    if (purged + givenUp > 0) log.info({ purged, givenUp }, "old events deleted");
  }

  /** So that a key can be taken away some time after another one was put before it. */
  async #sealAgain(isStopping: () => boolean): Promise<void> {
    const { database, seal, log } = this.#options;
    const former = await database.autoCommit((session) => findSealedOtherwise(session, seal.keyId, BATCH));
    for (const one of former) {
      if (isStopping()) return;
      try {
        const secret = await seal.seal(await seal.open(one.sealed, one.endpointId), one.endpointId);
        await database.autoCommit((session) => replaceSeal(session, one, secret));
      } catch (error) {
        log.error({ err: error, endpoint: one.endpointId }, "the secret of a webhook endpoint is not sealed again");
      }
    }
  }
}

/** Works batch after batch while they are full, at most as many as one round may. */
async function repeated(batch: () => Promise<number>, isStopping: () => boolean): Promise<number> {
  let total = 0;
  for (let count = BATCH, round = 0; count === BATCH && round < MAXIMUM_BATCHES && !isStopping(); round += 1) {
    count = await batch();
    total += count;
  }
  return total;
}
