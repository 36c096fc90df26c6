import { type Connection, queue } from "@quittance/sdk";
import { type Around, describe, isOfBrokenLine } from "./around.js";
import type { Series } from "./ledger.js";
import { numberOf } from "./numbered-message.js";
import { atRate } from "./pace.js";
import type { Part } from "./part.js";

const SOURCE = queue("soak.requests");
const TIMEOUT_MS = 2_000;

/** Requests and their replies, each of which may be lost with a connection, and none of which may be another's. */
export class Requests {
  answered = 0;
  unanswered = 0;
  readonly #around: Around;
  readonly #series: Series;

  constructor(series: Series, around: Around) {
    this.#series = series;
    this.#around = around;
  }

  /** @returns with `askInPeace`, which asks so many times on lines that break no more. */
  async start(rate: number): Promise<Part & { askInPeace(times: number): Promise<void> }> {
    const asking = await this.#around.connect();
    const answering = await this.#around.connect();
    await answering.respond(SOURCE, (request) => ({ json: { id: numberOf(request) } }), { onError: () => {} });
    return {
      fed: atRate(rate, this.#around.isOver, () => this.#ask(asking, true)),
      askInPeace: async (times) => {
        await Promise.all([asking.ready(), answering.ready()]);
        for (let time = 0; time < times; time++) await this.#ask(asking, false);
      },
      close: async () => {
        await Promise.all([asking.close(), answering.close()]);
      },
    };
  }

  async #ask(connection: Connection, mayFail: boolean): Promise<void> {
    const id = this.#series.issue();
    try {
      const reply = await connection.request(SOURCE, { json: { id } }, { timeoutMs: TIMEOUT_MS });
      const answeredId = numberOf(reply);
      if (answeredId !== id) this.#around.amiss(`request ${id} got the reply of ${answeredId}`);
      this.answered++;
    } catch (error) {
      this.unanswered++;
      if (!mayFail || !isOfBrokenLine(error)) this.#around.amiss(`request ${id} failed: ${describe(error)}`);
    }
  }
}
