/**
 * Each bank looks at its own books now and then, at a cost that does not grow with their age, and reports what it finds
 * as metrics. What the two banks must agree on, and everything older, is the operator's verify-money.
 */
import { z } from "zod";
import type { Database, Session } from "../platform/database.js";
import type { Logger } from "../platform/log.js";
import { serviceMeter } from "../platform/meter.js";

/** What a bank reads from the environment for it. */
export const booksAuditConfiguration = {
  /** Seconds between two audits of the bank's own books, give or take a fifth; 0 turns them off. */
  BOOKS_AUDIT_SECONDS: z.coerce.number().int().min(0).max(86_400).default(60),
};

/** How much of an interval is left to chance, so that the instances of a bank do not audit at once. */
const JITTER = 0.2;
/** Payments, or receipts, whose entries one audit looks at. */
export const MAXIMUM_AUDITED = 2_000;
/** How far back the first audit looks for payments that are not final. */
const FIRST_LOOK_MS = 24 * 3_600_000;
/** Transactions that had decided when an audit looked, and were not committed, are seen by the next one. */
const OVERLAP_MS = 60_000;

/** What one audit found. */
export interface AuditFindings {
  /** By currency: minor units that balances have and no entries explain. 0, or the books are wrong. */
  readonly drifts: readonly { readonly currency: string; readonly drift: bigint }[];
  /** How many payments or receipts were compared with their entries, and of how many these differ; one of them. */
  readonly audited: bigint;
  readonly wrong: bigint;
  readonly named: string | null;
  /**
   * By currency, where the bank holds money: minor units that accounts hold, and how many of them no authorised payment
   * explains. 0, or the books are wrong.
   */
  readonly holds?: readonly { readonly currency: string; readonly held: bigint; readonly drift: bigint }[];
  /** Payments that are not final, where the bank knows. */
  readonly inFlight?: { readonly count: bigint; readonly oldest: Date | null };
}

/** The bank's own statements. @param since What was decided before was looked at by an earlier audit and is final. */
export type AuditBooks = (client: Session, since: Date) => Promise<AuditFindings>;

export interface BooksAudit {
  /** Runs one now; it never rejects. For tests. */
  run(): Promise<void>;
  /** Ends the schedule, and waits for an audit that runs. */
  stop(): Promise<void>;
}

/** Starts the schedule. `now` and `random` are for tests. */
export function startBooksAudit(options: {
  readonly database: Database;
  readonly log: Logger;
  readonly intervalSeconds: number;
  readonly auditBooks: AuditBooks;
  readonly now?: () => number;
  readonly random?: () => number;
}): BooksAudit {
  const { database, log, intervalSeconds, auditBooks, now = Date.now, random = Math.random } = options;
  let found: AuditFindings | undefined;
  let foundAtMs: number | undefined;
  let since = new Date(now() - FIRST_LOOK_MS);
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const forget = exportFindings(() => ({ found, foundAtMs, now: now() }));

  async function audit(): Promise<void> {
    const beganMs = now();
    try {
      const findings = await database.autoCommit((client) => auditBooks(client, since));
      [found, foundAtMs] = [findings, beganMs];
      since = new Date(Math.min(beganMs, findings.inFlight?.oldest?.getTime() ?? beganMs) - OVERLAP_MS);
      const drifts = findings.drifts.filter(({ drift }) => drift !== 0n);
      const holds = (findings.holds ?? []).filter(({ drift }) => drift !== 0n);
      if (drifts.length === 0 && holds.length === 0 && findings.wrong === 0n) return;
      log.error(
        {
          drifts: drifts.map(({ currency, drift }) => `${drift} ${currency}`),
          holds: holds.length === 0 ? undefined : holds.map(({ currency, drift }) => `${drift} ${currency}`),
          wrong: Number(findings.wrong),
          payment: findings.named ?? undefined,
        },
        "the books do not agree: run verify-money",
      );
    } catch (error) {
      log.warn({ err: error }, "the books could not be audited; the next audit is the next try");
    }
  }

  function run(): Promise<void> {
    running ??= audit().finally(() => {
      running = undefined;
    });
    return running;
  }

  function schedule(): void {
    if (stopped || intervalSeconds === 0) return;
    const delayMs = intervalSeconds * 1_000 * (1 - JITTER + 2 * JITTER * random());
    timer = setTimeout(() => void run().then(schedule), delayMs);
    timer.unref();
  }
  schedule();
  return {
    run,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      forget();
      await running;
    },
  };
}

interface Exported {
  readonly found: AuditFindings | undefined;
  readonly foundAtMs: number | undefined;
  readonly now: number;
}

/** Reports what the last audit found whenever metrics are collected; nothing before the first. */
function exportFindings(read: () => Exported): () => void {
  const meter = serviceMeter();
  const gauge = (name: string, unit: string, description: string) =>
    meter.createObservableGauge(`quittance.books.${name}`, { unit, description });
  const drift = gauge("drift", "{minor_unit}", "What balances have and no entries explain; 0, or the books are wrong.");
  const wrong = gauge("wrong", "{payment}", "Audited payments whose entries are not what their row tells; 0 as well.");
  const age = gauge("audit.age", "s", "Time since the last audit that ended.");
  const inFlight = gauge("in_flight", "{payment}", "Payments that are not final.");
  const oldest = gauge("in_flight.age", "s", "Time since the capture of the oldest payment that is not final.");
  const held = gauge("held", "{minor_unit}", "What the accounts of clients hold for authorised payments.");
  const holdDrift = gauge("held.drift", "{minor_unit}", "What accounts hold and no payment explains; 0 as well.");
  const instruments = [drift, wrong, age, inFlight, oldest, held, holdDrift];
  const observe: Parameters<typeof meter.addBatchObservableCallback>[0] = (result) => {
    const { found, foundAtMs, now } = read();
    if (found === undefined || foundAtMs === undefined) return;
    for (const one of found.drifts) result.observe(drift, Number(one.drift), { "quittance.currency": one.currency });
    for (const one of found.holds ?? []) {
      result.observe(held, Number(one.held), { "quittance.currency": one.currency });
      result.observe(holdDrift, Number(one.drift), { "quittance.currency": one.currency });
    }
    result.observe(wrong, Number(found.wrong));
    result.observe(age, (now - foundAtMs) / 1_000);
    if (found.inFlight === undefined) return;
    result.observe(inFlight, Number(found.inFlight.count));
    const { oldest: since } = found.inFlight;
    result.observe(oldest, since === null ? 0 : Math.max(0, now - since.getTime()) / 1_000);
  };
  meter.addBatchObservableCallback(observe, instruments);
  return () => meter.removeBatchObservableCallback(observe, instruments);
}
