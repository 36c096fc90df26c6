/** Writes what became of attempts. Results that come while others are written go together. */
import type { Logger } from "../../platform/log.js";

export interface ResultRecorderOptions<Result> {
  readonly log: Logger;
  readonly write: (results: readonly Result[]) => Promise<void>;
}

export class ResultRecorder<Result> {
  readonly #options: ResultRecorderOptions<Result>;
  /** No more than are being posted: each keeps its place until it is recorded. */
  #waiting: { readonly result: Result; readonly done: () => void }[] = [];
  #recording = false;

  constructor(options: ResultRecorderOptions<Result>) {
    this.#options = options;
  }

  /** Resolves when the result is recorded, or cannot be: then it is posted again under the same id after its lease. */
  record(result: Result): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ result, done });
      if (!this.#recording) void this.#recordAll();
    });
  }

  async #recordAll(): Promise<void> {
    const { log, write } = this.#options;
    this.#recording = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await write(batch.map(({ result }) => result));
      } catch (error) {
        log.warn({ step: "5a", err: error, size: batch.length }, "webhook results not recorded");
      }
      for (const { done } of batch) done();
    }
    this.#recording = false;
  }
}
