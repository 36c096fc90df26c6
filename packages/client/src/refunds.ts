/** Refunds: to read and list them. They are made by `payments.refund`. */
import type { ListRefundsQuery, ListRefundsResponse, Refund } from "./gen/resources.js";
import type { CallOptions, HttpCalls } from "./http-calls.js";
import { itemsOf } from "./pages.js";
import { watch } from "./watch.js";

/** Which refunds to list [all, the newest first]. `pageSize` is how many are asked for at once. */
export type RefundFilter = Omit<ListRefundsQuery, "pageToken">;

/** Refunds: {@link QuittanceClient.refunds}. */
export class Refunds {
  readonly #calls: HttpCalls;

  constructor(calls: HttpCalls) {
    this.#calls = calls;
  }

  /** Reads a refund. @throws QuittanceError `REFUND_NOT_FOUND`: it never existed, or is another merchant's. */
  async get(id: string, options: CallOptions = {}): Promise<Refund> {
    const call = { verb: "GET", path: `/v1/refunds/${encodeURIComponent(id)}`, answer: "GetRefundResponse" } as const;
    return (await this.#calls.call<{ refund: Refund }>(call, options)).refund;
  }

  /**
   * Gives the refund as it is now, then when it is final, and ends. `timeoutMs` [600,000] is how long it may take;
   * `options.signal` ends it.
   * @throws QuittanceError `REFUND_NOT_FOUND`, or `DEADLINE_EXCEEDED`.
   */
  watch(id: string, options: CallOptions = {}): AsyncGenerator<Refund, void> {
    const read = (callOptions: CallOptions) => this.get(id, callOptions);
    const path = `/v1/refunds/${encodeURIComponent(id)}:watch`;
    return watch(this.#calls, { path, name: "refund", form: "GetRefundResponse", read }, options);
  }

  /** Lists refunds, page after page, for example those of one `payment`. */
  list(filter: RefundFilter = {}, options: CallOptions = {}): AsyncGenerator<Refund, void> {
    return itemsOf(async (pageToken) => {
      const query = { form: "ListRefundsQuery", value: { ...filter, ...(pageToken !== "" && { pageToken }) } };
      const call = { verb: "GET", path: "/v1/refunds", query, answer: "ListRefundsResponse" } as const;
      const { refunds, nextPageToken } = await this.#calls.call<ListRefundsResponse>(call, options);
      return { items: refunds, nextPageToken };
    });
  }
}
