/**
 * Posts the events that wait in the endpoints' queues: at least once each, under one id. Each endpoint has places and a
 * circuit breaker of its own, so that one that is slow, away or has a long queue delays no other.
 */
import type { BreakerOptions } from "@quittance/sdk";
import type { Database, Transaction } from "../../platform/database.js";
import { type Logger, traceIdOf } from "../../platform/log.js";
import { serviceMeter } from "../../platform/meter.js";
import { withinTime } from "../../platform/within-time.js";
import type { EndpointRecord } from "../endpoint-record.js";
import { type ClaimedDelivery, claimDeliveries } from "../operations/claim-deliveries.js";
import { disableEndpoint } from "../operations/disable-endpoint.js";
import { listDueEndpoints } from "../operations/list-due-endpoints.js";
import { type DeliveryResult, type FailedEndpoint, recordDeliveries } from "../operations/record-deliveries.js";
import { WakeUp } from "../wake-up.js";
import { DEFAULT_BREAKER } from "./default-breaker.js";
import { EndpointLanes } from "./endpoint-lanes.js";
import type { WebhookClient } from "./post-webhook.js";
import type { PostResult } from "./posted-webhook.js";
import { ResultRecorder } from "./result-recorder.js";
import { DEFAULT_RETRY_SCHEDULE, nextDelayMs, type RetrySchedule } from "./retry-schedule.js";
import type { SecretSeal } from "./secret-seal.js";

export interface DeliverySenderOptions {
  readonly database: Database;
  readonly client: Pick<WebhookClient, "post">;
  readonly seal: SecretSeal;
  readonly log: Logger;
  /**
   * Called for each endpoint that is disabled because it failed, in the transaction in which it is: it is not disabled
   * unless what is written here is kept. Resolves to the endpoints for which something was queued.
   */
  readonly onDisabled?: (transaction: Transaction, endpoint: EndpointRecord) => Promise<readonly string[]>;
  /** Webhooks being posted at once, to whomever [256]. */
  readonly concurrency?: number;
  /** Those to one endpoint [8]. */
  readonly concurrencyPerEndpoint?: number;
  /** After this time the webhooks of a sender that died are taken by another, in milliseconds [30,000]. */
  readonly leaseMs?: number;
  /** How often it looks for what is due without being woken, in milliseconds [1,000]. */
  readonly pollIntervalMs?: number;
  /** The same while nothing waits: only what another process left there would be found [30,000]. */
  readonly idlePollIntervalMs?: number;
  readonly retry?: RetrySchedule;
  /** When it posts no more to an endpoint, and tries again with one webhook [5 failures in a row, 5 s]. */
  readonly breaker?: BreakerOptions;
  /** An endpoint that only failed for so long is disabled, in milliseconds [5 days]. */
  readonly disableAfterMs?: number;
}

const DAY_MS = 24 * 3_600 * 1_000;
const DEFAULTS = {
  concurrency: 256,
  concurrencyPerEndpoint: 8,
  leaseMs: 30_000,
  pollIntervalMs: 1_000,
  idlePollIntervalMs: 30_000,
  retry: DEFAULT_RETRY_SCHEDULE,
  breaker: DEFAULT_BREAKER,
  disableAfterMs: 5 * DAY_MS,
  onDisabled: async () => [],
} as const;

/** Takes what is due from one endpoint after the other, whenever a place is free. */
export class DeliverySender {
  readonly #options: Required<DeliverySenderOptions>;
  readonly #wakeUp = new WakeUp();
  readonly #lanes: EndpointLanes;
  readonly #recorder: ResultRecorder<DeliveryResult>;
  readonly #loop: Promise<void>;
  readonly #posting = new Set<Promise<void>>();
  readonly #attempts = serviceMeter().createCounter("quittance.webhook.attempts", {
    description: "Attempts to post an event to a merchant's endpoint.",
    unit: "{attempt}",
  });
  /** Where the look through the queues goes on; undefined while none is under way. */
  #lookAfter: string | undefined = "";
  /** Whether the last look found nothing in any queue, and nothing was taken since. */
  #isIdle = false;
  #stopping = false;

  constructor(options: DeliverySenderOptions) {
    this.#options = { ...DEFAULTS, ...options };
    const { log, concurrencyPerEndpoint, breaker } = this.#options;
    this.#lanes = new EndpointLanes({ places: concurrencyPerEndpoint, breaker, changed: () => this.#wakeUp.notify() });
    this.#recorder = new ResultRecorder({ log, write: (results) => this.#write(results) });
    serviceMeter()
      .createObservableGauge("quittance.webhook.endpoints_away", {
        description: "Endpoints that are tried with one webhook at a time, because they failed.",
        unit: "{endpoint}",
      })
      .addCallback((result) => result.observe(this.#lanes.away));
    this.#loop = this.#run();
  }

  /** Names the endpoints whose queues have something new that is due; cheap, and safe to call at any time. */
  wake(endpoints: readonly string[]): void {
    if (endpoints.length === 0) return;
    this.#lanes.ready(endpoints);
    this.#wakeUp.notify();
  }

  /** Takes no more and waits for what is being posted; what does not end in time is sent again after its lease. */
  async drain(options: { readonly timeoutMs: number }): Promise<void> {
    this.#stopping = true;
    this.#lanes.end();
    this.#wakeUp.notify();
    const finished = this.#loop.then(() => Promise.all(this.#posting));
    await withinTime(options.timeoutMs, finished);
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const answered = (await this.#look()) && (await this.#take());
      if (this.#stopping) break;
      if (answered && (this.#lookAfter !== undefined || this.#hasWork())) continue;
      const { pollIntervalMs, idlePollIntervalMs } = this.#options;
      const woken = await this.#wakeUp.wait(this.#isIdle ? idlePollIntervalMs : pollIntervalMs);
      if (!woken) this.#lookAfter ??= "";
    }
  }

  #hasWork(): boolean {
    return this.#posting.size < this.#options.concurrency && this.#lanes.hasReady;
  }

  /** Looks at some queues for what became due by itself; false when the database did not answer. */
  async #look(): Promise<boolean> {
    const after = this.#lookAfter;
    if (after === undefined) return true;
    try {
      const { due, next, isEmpty } = await this.#options.database.autoCommit((session) =>
        listDueEndpoints(session, after),
      );
      this.#lanes.ready(due);
      this.#lookAfter = next;
      if (after === "") this.#isIdle = isEmpty;
      return true;
    } catch (error) {
      this.#options.log.warn({ step: "5a", err: error }, "the queues of webhooks cannot be read; they wait there");
      return false;
    }
  }

  /** Claims and starts as many as there are places for; false when the database did not answer. */
  async #take(): Promise<boolean> {
    const { database, concurrency, leaseMs, log } = this.#options;
    const limit = concurrency - this.#posting.size;
    const rooms = limit > 0 ? this.#lanes.takeReady(limit) : [];
    if (rooms.length === 0) return true;
    try {
      const claimed = await database.autoCommit((session) => claimDeliveries(session, { rooms, limit, leaseMs }));
      this.#lanes.claimed(rooms, claimed, claimed.length === limit);
      if (claimed.length > 0) this.#isIdle = false;
      for (const delivery of claimed) this.#start(delivery);
      return true;
    } catch (error) {
      this.#lanes.ready(rooms.map(({ endpointId }) => endpointId));
      log.warn({ step: "5a", err: error }, "webhooks cannot be taken from their queues; they wait there");
      return false;
    }
  }

  #start(delivery: ClaimedDelivery): void {
    const posting = this.#send(delivery).finally(() => {
      this.#posting.delete(posting);
      this.#lanes.ended(delivery.endpointId);
      this.#wakeUp.notify();
    });
    this.#posting.add(posting);
  }

  async #send(delivery: ClaimedDelivery): Promise<void> {
    const attemptTimeMs = Date.now();
    const beganMs = performance.now();
    const answer = await this.#lanes.run(delivery.endpointId, () => this.#post(delivery));
    const latencyMs = performance.now() - beganMs;
    const result = this.#judge(delivery, answer, { attemptTimeMs, latencyMs });
    this.#attempts.add(1, { "quittance.webhook.outcome": result.state });
    this.#log(delivery, result);
    await this.#recorder.record(result);
  }

  async #post(delivery: ClaimedDelivery): Promise<PostResult> {
    const { client, seal, log } = this.#options;
    let secrets: Uint8Array[];
    try {
      secrets = await Promise.all(delivery.secrets.map((sealed) => seal.open(sealed, delivery.endpointId)));
    } catch (error) {
      log.error({ step: "5a", err: error, endpoint: delivery.endpointId }, "a webhook cannot be signed");
      return { kind: "failed", reason: "the secret of the endpoint cannot be opened" };
    }
    // Never unsigned.
    if (secrets.length === 0) return { kind: "failed", reason: "the endpoint has no secret" };
    const { eventId: id, payload, traceparent, tracestate } = delivery;
    return client.post({ url: new URL(delivery.url), secrets }, { id, payload, traceparent, tracestate });
  }

  #judge(
    { eventId, endpointId, attempt, attemptSinceQueued, ageMs }: ClaimedDelivery,
    answer: PostResult,
    times: Pick<DeliveryResult, "attemptTimeMs" | "latencyMs">,
  ): DeliveryResult {
    const made = { eventId, endpointId, attempt, ...times, isGone: answer.kind === "gone" };
    if (answer.kind === "delivered") {
      return { ...made, state: "sent", status: answer.status, error: null, nextDelayMs: null };
    }
    if (answer.kind === "gone") {
      return { ...made, state: "gave-up", status: 410, error: "HTTP status 410", nextDelayMs: null };
    }
    const failed = { ...made, status: answer.status ?? null, error: answer.reason };
    const delayMs = nextDelayMs(this.#options.retry, {
      attempt: attemptSinceQueued,
      ageMs,
      ...(answer.retryAfterMs !== undefined && { retryAfterMs: answer.retryAfterMs }),
    });
    if (delayMs === undefined) return { ...failed, state: "gave-up", nextDelayMs: null };
    return { ...failed, state: "failed", nextDelayMs: delayMs };
  }

  async #write(results: readonly DeliveryResult[]): Promise<void> {
    const { database, disableAfterMs } = this.#options;
    const failed = await database.autoCommit((session) => recordDeliveries(session, results, disableAfterMs));
    for (const endpoint of failed) await this.#disable(endpoint);
  }

  /** When that fails it is tried again with the next attempt that fails. */
  async #disable(failed: FailedEndpoint): Promise<void> {
    const { database, log, onDisabled, disableAfterMs } = this.#options;
    const facts = { merchant: failed.merchantId, endpoint: failed.id, reason: failed.reason };
    try {
      const queued = await database.transaction(async (transaction) => {
        const endpoint = await disableEndpoint(transaction, failed, disableAfterMs);
        return endpoint && onDisabled(transaction, endpoint);
      });
      if (queued === undefined) return;
      log.warn(facts, "webhook endpoint disabled");
      this.wake(queued);
    } catch (error) {
      log.error({ ...facts, err: error }, "a webhook endpoint that failed cannot be disabled");
    }
  }

  #log(delivery: ClaimedDelivery, { state, error, status, nextDelayMs, latencyMs }: DeliveryResult): void {
    const facts = {
      payment: delivery.paymentId || undefined,
      trace: traceIdOf(delivery.traceparent ?? undefined),
      step: "5a",
      channel: "webhook",
      endpoint: delivery.endpointId,
      event: delivery.eventId,
      type: delivery.type,
      attempt: delivery.attempt,
      status: status ?? undefined,
      latencyMs: Math.round(latencyMs),
    };
    if (state === "sent") this.#options.log.info(facts, "webhook sent");
    else if (state === "failed") this.#options.log.warn({ ...facts, reason: error, nextDelayMs }, "webhook failed");
    else this.#options.log.error({ ...facts, reason: error }, "webhook given up");
  }
}
