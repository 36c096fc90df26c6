/** One round: load, something breaks, everything comes back, and what must hold is checked. */
import { beginStorm } from "./endpoint-storm.js";
import { faultsOf } from "./faults/catalogue.js";
import { pauseBoundMs } from "./faults/fail-over.js";
import { type Damage, pause } from "./faults/fault.js";
import { checkInvariants } from "./invariants.js";
import { startLoad } from "./load.js";
import { sendPoison, takeDeadLetters } from "./poison.js";
import { letHoldsExpire, untilAllFinal, untilAllReady, untilDelivered } from "./quiet.js";
import { type Random, randomOf } from "./random.js";
import type { RequestBook, Violation } from "./request-book.js";
import type { System } from "./system.js";
import { untilComplete, WaitedInVainError } from "./until-complete.js";

/** Load before the fault, so that there is something to lose. */
const CALM_MS = { minimum: 300, maximum: 1_500 };
/** Load after it, so that there is something to catch up with. */
const AFTERMATH_MS = { minimum: 300, maximum: 1_500 };
/** How long a call may go unanswered once nothing is broken any more. */
const ANSWERED_WITHIN_MS = 180_000;
/** Payments of this round, and of all rounds, that are read at its end. */
const READ_BACK = 15;
/** In one round of so many nobody calls again: what was accepted has to end by itself. */
const SILENT_EVERY = 3;
/** One round in so many has poison. */
const POISON_EVERY = 3;

export interface RoundReport {
  readonly seed: number;
  readonly fault: string;
  readonly damages: readonly Damage[];
  readonly payments: number;
  readonly refunds: number;
  readonly payouts: number;
  /** Webhooks that merchants' endpoints took, and those that one in a storm did not. */
  readonly webhooks: number;
  readonly refusedWebhooks: number;
  readonly violations: readonly Violation[];
  readonly durationMs: number;
  /** Whether callers called again with the same request until they were answered. */
  readonly callsAgain: boolean;
}

/** Runs the round that `seed` draws. */
export async function runRound(system: System, book: RequestBook, seed: number): Promise<RoundReport> {
  const began = performance.now();
  const random = randomOf(`round ${seed}`);
  const faults = faultsOf(system.broker);
  const fault = faults[seed % faults.length] as (typeof faults)[number];
  const damages: Damage[] = [];
  const before = { payments: book.payments.length, refunds: book.refunds.length, ...countsOf(system, book) };
  const violations: Violation[] = [];

  const callsAgain = !random.chance(1 / SILENT_EVERY);
  const giveUp = new AbortController();
  const storm = beginStorm(system.endpoints, random.fork("storm"));
  const load = startLoad({
    ...{ merchants: system.merchants, accounts: system.accounts, book, random: random.fork("load") },
    ...{ round: seed, callsAgain },
    ...{ prefix: `r${seed}`, giveUp: giveUp.signal },
  });
  const poison = random.chance(1 / POISON_EVERY) ? sendPoison(system, random.fork("poison"), seed) : undefined;
  // It is awaited later, and its failure is told then.
  poison?.catch(() => undefined);
  await pause(random.between(CALM_MS.minimum, CALM_MS.maximum));
  // Some holds expire while it is broken.
  if (random.chance(0.5)) await letHoldsExpire(system);
  await fault.run({ system, book, random: random.fork("fault"), did: (damage) => damages.push(damage) });
  for (const { pauseMs = 0 } of damages) {
    const bound = pauseBoundMs();
    if (pauseMs <= bound) continue;
    violations.push({
      what: `payments stood still for ${pauseMs} ms, beyond ${Math.round(bound)} ms`,
      paymentId: undefined,
    });
  }
  await pause(random.between(AFTERMATH_MS.minimum, AFTERMATH_MS.maximum));

  try {
    await untilAllReady(system);
    const patience = setTimeout(() => giveUp.abort(), ANSWERED_WITHIN_MS);
    await load.stop().finally(() => clearTimeout(patience));
    const sent = await poison;
    await untilAllFinal(system, book, storm?.endpoint.id);
    if (storm !== undefined) {
      storm.end();
      if (storm.refused() > 0) damages.push({ target: "a merchant's endpoint", point: storm.kind });
      await untilDelivered(system, storm.endpoint.id);
    }
    await readBack(system, book, random.fork("reads"));
    violations.push(...(await takeDeadLetters(system, sent)).map((what) => ({ what, paymentId: undefined })));
    violations.push(...book.takeViolations(), ...(await checkInvariants(system, book)));
  } catch (error) {
    if (!(error instanceof WaitedInVainError)) throw error;
    giveUp.abort();
    storm?.end();
    await Promise.allSettled([load.stop(), poison]);
    violations.push({ what: error.message, paymentId: await unfinishedPayment(system) }, ...book.takeViolations());
  }
  const after = countsOf(system, book);
  return {
    ...{ seed, callsAgain, fault: fault.name, damages, violations, durationMs: performance.now() - began },
    payments: book.payments.length - before.payments,
    payouts: after.payouts - before.payouts,
    webhooks: after.webhooks - before.webhooks,
    refusedWebhooks: after.refusedWebhooks - before.refusedWebhooks,
    refunds: book.refunds.length - before.refunds,
  };
}

function countsOf({ endpoints }: System, { payouts }: RequestBook) {
  const sum = (read: (endpoint: System["endpoints"][number]) => number) =>
    endpoints.reduce((total, endpoint) => total + read(endpoint), 0);
  return {
    payouts: payouts.length,
    webhooks: sum(({ taken }) => taken),
    refusedWebhooks: sum(({ refused }) => refused),
  };
}

/** Reads payments of this round and of earlier ones at both doors: what the gateway answers goes into the book. */
async function readBack(system: System, book: RequestBook, random: Random): Promise<void> {
  const chosen = [...book.payments.slice(-READ_BACK), ...random.sample(book.succeeded, READ_BACK)];
  await untilComplete(async () => {
    for (let asked = chosen.pop(); asked !== undefined; asked = chosen.pop()) {
      if (asked.id === undefined) continue;
      const answer = await system.merchants.read(random.pick(["grpc", "http"]), asked.call.merchantId, asked.id);
      if (answer.kind === "unknown") {
        chosen.push(asked);
        return `reading ${asked.id}: ${answer.why}`;
      }
      if (answer.kind !== "told") book.violation(`reading ${asked.id} is refused`, asked.id);
      else if (answer.state === "PENDING") book.violation(`${asked.id} is final and reads PENDING`, asked.id);
      else book.told(asked, answer);
    }
    return undefined;
  }, ANSWERED_WITHIN_MS);
}

async function unfinishedPayment(system: System): Promise<string | undefined> {
  const rows = await system
    .query<{ id: string }>("SELECT id FROM client_bank.payments WHERE finish_time IS NULL ORDER BY accept_time LIMIT 1")
    .catch(() => []);
  return rows[0]?.id;
}
