/** Sends the webhooks that the table holds: at least once each, under one id, while the queue moves on by itself. */
import { type BreakerOptions, type BreakerState, type CircuitBreaker, createBreaker } from "@quittance/sdk";
import type { Database } from "../../platform/database.js";
import type { Logger } from "../../platform/log.js";
import { DueWork } from "../due-work.js";
import { type ClaimedWebhook, claimWebhooks } from "../operations/claim-webhooks.js";
import { type AttemptResult, recordAttempts } from "../operations/record-attempts.js";
import { runCounted } from "../run-counted.js";
import { DEFAULT_BREAKER } from "./default-breaker.js";
import type { WebhookPoster } from "./post-webhook.js";
import type { PostResult } from "./posted-webhook.js";
import { ResultRecorder } from "./result-recorder.js";
import { DEFAULT_RETRY_SCHEDULE, nextDelayMs, type RetrySchedule } from "./retry-schedule.js";

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
  readonly #breaker: CircuitBreaker;
  readonly #recorder: ResultRecorder<AttemptResult>;
  readonly #due: DueWork<ClaimedWebhook>;

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
    const { database, log, concurrency, leaseMs, pollIntervalMs } = this.#options;
    this.#recorder = new ResultRecorder({
      log,
      write: (results) => database.autoCommit((session) => recordAttempts(session, results)),
    });
    this.#due = new DueWork({
      breaker: this.#breaker,
      concurrency,
      pollIntervalMs,
      claim: (limit) => database.autoCommit((session) => claimWebhooks(session, { limit, leaseMs })),
      claimFailed: (error) =>
        log.warn({ step: "5a", err: error }, "webhooks cannot be taken from the table; they wait there"),
      work: (webhook) => this.#send(webhook),
    });
  }

  /** Open while the receiver is away: what is due then stays in the table, where it costs no attempt. */
  get breaker(): BreakerState {
    return this.#breaker.state;
  }

  /** Says that something new is due; cheap, and safe to call at any time. */
  wake(): void {
    this.#due.wake();
  }

  /** Takes no more and waits for what is being posted; what does not end in time is sent again after its lease. */
  drain(options: { readonly timeoutMs: number }): Promise<void> {
    return this.#due.drain(options);
  }

  async #send(webhook: ClaimedWebhook): Promise<void> {
    const { payload, traceparent, tracestate } = webhook;
    const posted = { id: webhookIdOf(webhook), payload, traceparent, tracestate };
    const answer = await runCounted(this.#breaker, () => this.#options.poster.post(posted));
    const result = this.#judge(webhook, answer);
    this.#log(webhook, result);
    await this.#recorder.record(result);
  }

  #breakerChanged(state: BreakerState): void {
    const facts = { step: "5a", channel: "webhook", breaker: state.name };
    if (state.name === "open")
      this.#options.log.warn({ ...facts, err: state.cause }, "webhooks wait for their receiver");
    else this.#options.log.info(facts, "webhooks are posted");
    this.#due.roomChanged();
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
}
