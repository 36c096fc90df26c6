/** Writes what became of attempts: those that end while others are written go together. */
import type { Database } from "../../platform/database.js";
import type { Logger } from "../../platform/log.js";
import { type DeliveryResult, type DisabledEndpoint, recordDeliveries } from "../operations/record-deliveries.js";

export interface ResultRecorderOptions {
  readonly database: Database;
  readonly log: Logger;
  /** An endpoint that only failed for so long is disabled. */
  readonly disableAfterMs: number;
  readonly onDisabled: (endpoint: DisabledEndpoint) => Promise<void>;
}

export class ResultRecorder {
  readonly #options: ResultRecorderOptions;
  /** No more than are being posted: each keeps its place until it is recorded. */
  #waiting: { readonly result: DeliveryResult; readonly done: () => void }[] = [];
  #recording = false;

  constructor(options: ResultRecorderOptions) {
    this.#options = options;
  }

  /** Resolves when the result is recorded, or cannot be: then it is posted again under the same id after its lease. */
  record(result: DeliveryResult): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ result, done });
      if (!this.#recording) void this.#recordAll();
    });
  }

  async #recordAll(): Promise<void> {
    const { database, log, disableAfterMs } = this.#options;
    this.#recording = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const results = batch.map(({ result }) => result);
      try {
        const disabled = await database.autoCommit((session) => recordDeliveries(session, results, disableAfterMs));
        for (const endpoint of disabled) await this.#tellDisabled(endpoint);
      } catch (error) {
        log.warn({ step: "5a", err: error, size: batch.length }, "webhook results not recorded");
      }
      for (const { done } of batch) done();
    }
    this.#recording = false;
  }

  async #tellDisabled(endpoint: DisabledEndpoint): Promise<void> {
    const { log, onDisabled } = this.#options;
    const facts = { merchant: endpoint.merchantId, endpoint: endpoint.id, reason: endpoint.reason };
    log.warn(facts, "webhook endpoint disabled");
    await onDisabled(endpoint).catch((error: unknown) =>
      log.error({ ...facts, err: error }, "its merchant is not told"),
    );
  }
}
