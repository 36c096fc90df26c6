/** Hands over the e-mails that the table holds: at least once each, under one Message-ID, while the queue moves on by itself. */
import type { Counter } from "@opentelemetry/api";
import { type BreakerOptions, type BreakerState, type CircuitBreaker, createBreaker } from "@quittance/sdk";
import type { Database } from "../../../platform/database.js";
import type { Logger } from "../../../platform/log.js";
import { serviceMeter } from "../../../platform/meter.js";
import { type Rounds, startRounds } from "../../../platform/rounds.js";
import { withinTime } from "../../../platform/within-time.js";
import { DueWork } from "../../due-work.js";
import { htmlFromText } from "../../html-from-text.js";
import { runCounted } from "../../run-counted.js";
import { nextDelayMs, type RetrySchedule } from "../../webhook/retry-schedule.js";
import { type Mailer, SMTP_CONNECTIONS } from "./open-mailer.js";
import { type ClaimedEmail, claimEmails } from "./operations/claim-emails.js";
import { purgeEmails } from "./operations/purge-emails.js";
import { type EmailResult, recordEmailResult } from "./operations/record-email-result.js";
import type { MailResult } from "./outgoing-email.js";

export interface EmailSenderOptions {
  readonly database: Database;
  readonly mailer: Pick<Mailer, "send">;
  readonly log: Logger;
  /** After this time the e-mails of a sender that died are taken by another, in milliseconds [60,000]. */
  readonly leaseMs?: number;
  /** How often it looks for what is due without being woken, in milliseconds [5,000]. */
  readonly pollIntervalMs?: number;
  readonly retry?: RetrySchedule;
  /** When it stops because the server is away, and tries again with one e-mail [5 failures in a row, 10 s]. */
  readonly breaker?: BreakerOptions;
  /** How often it deletes what is old, in milliseconds [60,000]. */
  readonly purgeEveryMs?: number;
}

const DEFAULT_BREAKER: BreakerOptions = { afterFailures: 5, halfOpenAfterMs: 10_000, probeSize: 1 };

/** 30 s, 1 min, 2 min ... 4 h: over about two days, at most three. Servers that defer strangers do so for minutes. */
export const EMAIL_RETRY_SCHEDULE: RetrySchedule = {
  initialDelayMs: 30_000,
  maximumDelayMs: 4 * 3_600_000,
  maximumAttempts: 20,
  maximumAgeMs: 72 * 3_600_000,
};

/** E-mails that one statement deletes: the next round goes on. */
const PURGE_BATCH = 10_000;

/** Takes what is due whenever a place is free. */
export class EmailSender {
  readonly #options: Required<EmailSenderOptions>;
  readonly #breaker: CircuitBreaker;
  readonly #outcomes: Counter;
  readonly #due: DueWork<ClaimedEmail>;
  readonly #purging: Rounds;

  constructor(options: EmailSenderOptions) {
    this.#options = {
      leaseMs: 60_000,
      pollIntervalMs: 5_000,
      retry: EMAIL_RETRY_SCHEDULE,
      breaker: DEFAULT_BREAKER,
      purgeEveryMs: 60_000,
      ...options,
    };
    this.#outcomes = serviceMeter().createCounter("quittance.emails", {
      description: "Attempts to hand over an e-mail, by what came of them.",
      unit: "{attempt}",
    });
    this.#breaker = createBreaker(this.#options.breaker, (state) => this.#breakerChanged(state));
    this.#purging = startRounds({
      everyMs: this.#options.purgeEveryMs,
      work: () => this.#purge(),
      failed: (error) => this.#options.log.warn({ err: error }, "old e-mails are not deleted"),
    });
    const { database, leaseMs, pollIntervalMs, log } = this.#options;
    this.#due = new DueWork({
      breaker: this.#breaker,
      concurrency: SMTP_CONNECTIONS,
      pollIntervalMs,
      claim: (limit) => database.autoCommit((session) => claimEmails(session, { limit, leaseMs })),
      claimFailed: (error) => log.warn({ err: error }, "e-mails cannot be taken from the table; they wait there"),
      work: (email) => this.#send(email),
    });
  }

  /** Open while the server is away: what is due then stays in the table, where it costs no attempt. */
  get breaker(): BreakerState {
    return this.#breaker.state;
  }

  /** Says that something new is due; cheap, and safe to call at any time. */
  wake(): void {
    this.#due.wake();
  }

  /** Takes no more and waits for what is being handed over; what does not end in time is sent again after its lease. */
  async drain(options: { readonly timeoutMs: number }): Promise<void> {
    await Promise.all([this.#due.drain(options), withinTime(options.timeoutMs, this.#purging.stop())]);
  }

  async #purge(): Promise<void> {
    await this.#options.database.autoCommit((session) => purgeEmails(session, PURGE_BATCH));
  }

  async #send(email: ClaimedEmail): Promise<void> {
    const result = this.#judge(email, await this.#handOver(email));
    this.#tell(email, result);
    const { database, log } = this.#options;
    try {
      await database.autoCommit((session) => recordEmailResult(session, result));
    } catch (error) {
      // It is handed over again, under the same Message-ID, once its lease ends.
      log.warn({ err: error, email: email.id }, "an e-mail's result is not recorded");
    }
  }

  #handOver(email: ClaimedEmail): Promise<MailResult> {
    const htmlBody = email.htmlBody ?? htmlFromText(email.body, email.language);
    const outgoing = { ...email, to: email.address, htmlBody, time: email.createTime };
    return runCounted(this.#breaker, () => this.#options.mailer.send(outgoing));
  }

  #judge({ id, attempt, ageMs, address }: ClaimedEmail, answer: MailResult): EmailResult {
    if (answer.kind === "delivered") return { id, attempt, state: "sent" };
    const { kind, reason: error } = answer;
    if (kind === "refused") return { id, attempt, state: "gave-up", error, refusedAddress: address };
    if (kind === "rejected") return { id, attempt, state: "gave-up", error };
    const delayMs = nextDelayMs(this.#options.retry, { attempt, ageMs });
    if (delayMs === undefined) return { id, attempt, state: "gave-up", error };
    return { id, attempt, state: "failed", error, nextDelayMs: delayMs };
  }

  /** The address is in the table: a log is read by more people. */
  #tell(email: ClaimedEmail, result: EmailResult): void {
    const { log } = this.#options;
    const refused = result.state === "gave-up" && result.refusedAddress !== undefined;
    this.#outcomes.add(1, { "quittance.email.outcome": refused ? "refused" : result.state });
    const facts = {
      email: email.id,
      about: email.about,
      merchant: email.merchantId,
      trace: email.traceId ?? undefined,
      channel: "email",
      template: email.templateName,
      attempt: email.attempt,
    };
    if (result.state === "sent") log.info(facts, "e-mail sent");
    else if (result.state === "failed") {
      log.warn({ ...facts, reason: result.error, nextDelayMs: result.nextDelayMs }, "e-mail failed");
    } else {
      log.error({ ...facts, reason: result.error }, refused ? "e-mail address refused" : "e-mail given up");
    }
  }

  #breakerChanged(state: BreakerState): void {
    const facts = { channel: "email", breaker: state.name };
    if (state.name === "open") this.#options.log.warn({ ...facts, err: state.cause }, "e-mails wait for their server");
    else this.#options.log.info(facts, "e-mails are handed over");
    this.#due.roomChanged();
  }
}
