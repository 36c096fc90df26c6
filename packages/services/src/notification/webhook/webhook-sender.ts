/** Sends the webhooks that the table holds: at least once each, under one id, while the queue moves on by itself. */
import { type BreakerOptions, type BreakerState, type CircuitBreaker, createBreaker } from "@quittance/sdk";
import type { Database } from "../../platform/database.js";
import type { Logger } from "../../platform/log.js";
import { type ClaimedWebhook, claimWebhooks } from "../operations/claim-webhooks.js";
import { type AttemptResult, recordAttempts } from "../operations/record-attempts.js";
import type { WebhookPoster } from "./post-webhook.js";
import type { PostResult } from "./posted-webhook.js";
import { DEFAULT_RETRY_SCHEDULE, nextDelayMs, type RetrySchedule } from "./retry-schedule.js";
import { WakeUp } from "./wake-up.js";

export interface WebhookSenderOptions {
  readonly database: Database;
  readonly poster: Pick<WebhookPoster, "post">;
  readonly log: Logger;
  /** Webhooks being posted at once [32]. */
  readonly concurrency?: number;
  /** After this time the webhooks of a sender that died are taken by another, in milliseconds [30,000]. */
  readonly leaseMs?: number;
  /** How often it looks for what is due without being woken, in milliseconds [1,000]. */
  readonly pollIntervalMs?: number;
  readonly retry?: RetrySchedule;
  /** When it stops posting because the receiver is away, and tries again with one webhook [5 failures in a row, 5 s]. */
  readonly breaker?: BreakerOptions;
}

const DEFAULT_BREAKER: BreakerOptions = { afterFailures: 5, halfOpenAfterMs: 5_000, probeSize: 1 };

/** How a post failed, as the breaker wants it: thrown. */
class PostFailure extends Error {
  override readonly name = "PostFailure";
  readonly result: PostResult;

  constructor(result: Extract<PostResult, { readonly kind: "failed" }>) {
    super(result.reason);
    this.result = result;
  }
}

/**
 * The idempotency key of a webhook: the same at each attempt, and whoever sends it. Each refund of a payment has its own:
 * a receiver that drops what it has seen must not drop the second refund with the first.
 */
export function webhookIdOf(notification: {
  readonly paymentId: string;
  readonly refundId: string;
  readonly templateName: string;
}): string {
  return `${notification.refundId || notification.paymentId}_${notification.templateName}`;
}

/** Takes what is due whenever a place is free, so that one slow receiver's answer costs one place and no more. */
export class WebhookSender {
  readonly #options: Required<WebhookSenderOptions>;
  readonly #wakeUp = new WakeUp();
  readonly #breaker: CircuitBreaker;
  readonly #loop: Promise<void>;
  readonly #posting = new Set<Promise<void>>();
  /** Results that wait to be recorded; no more than are being posted, because each keeps its place until then. */
  #results: { readonly result: AttemptResult; readonly done: () => void }[] = [];
  #recording = false;
  /** Whether the table may hold more that is due. */
  #due = true;
  #stopping = false;

  constructor(options: WebhookSenderOptions) {
    this.#options = {
      concurrency: 32,
      leaseMs: 30_000,
      pollIntervalMs: 1_000,
      retry: DEFAULT_RETRY_SCHEDULE,
      breaker: DEFAULT_BREAKER,
      ...options,
    };
    this.#breaker = createBreaker(this.#options.breaker, (state) => this.#breakerChanged(state));
    this.#loop = this.#run();
  }

  /** Open while the receiver is away: what is due then stays in the table, where it costs no attempt. */
  get breaker(): BreakerState {
    return this.#breaker.state;
  }

  /** Says that something new is due; cheap, and safe to call at any time. */
  wake(): void {
    this.#due = true;
    this.#wakeUp.notify();
  }

  /** Takes no more and waits for what is being posted; what does not end in time is sent again after its lease. */
  async drain(options: { readonly timeoutMs: number }): Promise<void> {
    this.#stopping = true;
    this.#breaker.end();
    this.#wakeUp.notify();
    const finished = this.#loop.then(() => Promise.all(this.#posting));
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, options.timeoutMs);
    });
    await Promise.race([finished, timeout]);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const free = this.#breaker.room(this.#options.concurrency) - this.#posting.size;
      if (this.#due && free > 0) {
        if (await this.#take(free)) continue;
      }
      if (this.#stopping) break;
      const woken = await this.#wakeUp.wait(this.#options.pollIntervalMs);
      if (!woken) this.#due = true;
    }
  }

  /** Claims and starts up to `free`; false when the database did not answer. */
  async #take(free: number): Promise<boolean> {
    this.#due = false;
    const { database, leaseMs, log } = this.#options;
    let claimed: ClaimedWebhook[];
    try {
      claimed = await database.autoCommit((client) => claimWebhooks(client, { limit: free, leaseMs }));
    } catch (error) {
      log.warn({ step: "5a", err: error }, "webhooks cannot be taken from the table; they wait there");
      return false;
    }
    if (claimed.length === free) this.#due = true;
    for (const webhook of claimed) {
      const posting = this.#send(webhook).finally(() => {
        this.#posting.delete(posting);
        this.#wakeUp.notify();
      });
      this.#posting.add(posting);
    }
    return true;
  }

  async #send(webhook: ClaimedWebhook): Promise<void> {
    const answer = await this.#post({
      id: webhookIdOf(webhook),
      payload: webhook.payload,
      traceparent: webhook.traceparent,
      tracestate: webhook.tracestate,
    });
    const result = this.#judge(webhook, answer);
    this.#log(webhook, result);
    await this.#record(result);
  }

  /** What was claimed is posted even if the breaker has just opened: its attempt is counted already. */
  async #post(webhook: Parameters<WebhookPoster["post"]>[0]): Promise<PostResult> {
    const { poster } = this.#options;
    try {
      const counted = this.#breaker.run(async () => {
        const result = await poster.post(webhook);
        if (result.kind === "failed") throw new PostFailure(result);
        return result;
      });
      return (await counted) ?? (await poster.post(webhook));
    } catch (error) {
      if (error instanceof PostFailure) return error.result;
      throw error;
    }
  }

  #breakerChanged(state: BreakerState): void {
    const facts = { step: "5a", channel: "webhook", breaker: state.name };
    if (state.name === "open")
      this.#options.log.warn({ ...facts, err: state.cause }, "webhooks wait for their receiver");
    else this.#options.log.info(facts, "webhooks are posted");
    this.#wakeUp.notify();
  }

  #judge(webhook: ClaimedWebhook, answer: PostResult): AttemptResult {
    const { id, attempt, ageMs } = webhook;
    if (answer.kind === "delivered") return { id, attempt, state: "sent" };
    if (answer.kind === "gone") {
      return { id, attempt, state: "gave-up", error: "HTTP status 410: the receiver wants no further attempt" };
    }
    const delayMs = nextDelayMs(this.#options.retry, {
      attempt,
      ageMs,
      ...(answer.retryAfterMs !== undefined && { retryAfterMs: answer.retryAfterMs }),
    });
    if (delayMs === undefined) return { id, attempt, state: "gave-up", error: answer.reason };
    return { id, attempt, state: "failed", error: answer.reason, nextDelayMs: delayMs };
  }

  #log(webhook: ClaimedWebhook, result: AttemptResult): void {
    const facts = {
      payment: webhook.paymentId,
      trace: webhook.traceId ?? undefined,
      step: "5a",
      channel: "webhook",
      template: webhook.templateName,
      attempt: webhook.attempt,
    };
    if (result.state === "sent") this.#options.log.info(facts, "webhook sent");
    else if (result.state === "failed") {
      this.#options.log.warn({ ...facts, reason: result.error, nextDelayMs: result.nextDelayMs }, "webhook failed");
    } else this.#options.log.error({ ...facts, reason: result.error }, "webhook given up");
  }

  /** Resolves when the result is recorded, or cannot be. Results that come while others are written go together. */
  #record(result: AttemptResult): Promise<void> {
    return new Promise((done) => {
      this.#results.push({ result, done });
      if (!this.#recording) void this.#recordAll();
    });
  }

  async #recordAll(): Promise<void> {
    this.#recording = true;
    while (this.#results.length > 0) {
      const batch = this.#results;
      this.#results = [];
      try {
        await this.#options.database.autoCommit((client) =>
          recordAttempts(
            client,
            batch.map(({ result }) => result),
          ),
        );
      } catch (error) {
        // They are posted again under the same ids once their leases end.
        this.#options.log.warn({ step: "5a", err: error, size: batch.length }, "webhook results not recorded");
      }
      for (const { done } of batch) done();
    }
    this.#recording = false;
  }
}
