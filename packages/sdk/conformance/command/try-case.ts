/** Tries one rule on a broker that nobody has described. */
import type { BrokerName } from "../harness/broker-under-test.js";
import { CaseContext } from "../suite/case-context.js";
import type { ConformanceCase, Difference } from "../suite/conformance-case.js";
import { NotTried, type Target } from "../suite/target.js";

export interface Verdict {
  readonly id: string;
  /** Of Jakarta Messaging 3.1. */
  readonly section: string;
  readonly rule: string;
  /**
   * - `passed`: the rule was seen to hold.
   * - `not-supported`: it does not hold, and exactly that was seen instead which is known of another broker.
   * - `not-tried`: nobody said what the rule needs to know of the broker.
   * - `failed`: something else was seen.
   */
  readonly outcome: "passed" | "failed" | "not-supported" | "not-tried";
  /** What was seen instead, what is needed, or how it failed. */
  readonly detail?: string;
  readonly milliseconds: number;
}

/** Whose differences are looked for first. */
const KNOWN: readonly BrokerName[] = ["artemis", "classic", "embedded"];

export async function tryCase(one: ConformanceCase, target: Target, timeoutMs: number): Promise<Verdict> {
  const startedAt = performance.now();
  const verdict = await judge(one, target, timeoutMs);
  const milliseconds = Math.round(performance.now() - startedAt);
  return { id: one.id, section: one.section, rule: one.title, ...verdict, milliseconds };
}

async function judge(one: ConformanceCase, target: Target, timeoutMs: number) {
  const failure = await attempt((context) => one.run(context), target, timeoutMs);
  if (failure === undefined) return { outcome: "passed" } as const;
  if (failure instanceof NotTried) return { outcome: "not-tried", detail: failure.message } as const;
  for (const { why, seen } of differencesOf(one)) {
    if ((await attempt(seen, target, timeoutMs)) === undefined)
      return { outcome: "not-supported", detail: why } as const;
  }
  return { outcome: "failed", detail: failure.message } as const;
}

function differencesOf({ differs = {} }: ConformanceCase): readonly Difference[] {
  return KNOWN.flatMap((broker) => differs[broker] ?? []);
}

/** Resolves to how it failed; undefined when it held. */
async function attempt(
  run: (context: CaseContext) => Promise<void>,
  target: Target,
  timeoutMs: number,
): Promise<Error | undefined> {
  const context = new CaseContext(target);
  const overdue = Promise.withResolvers<never>();
  const timer = setTimeout(() => overdue.reject(new Error(`It did not end within ${timeoutMs / 1_000} s.`)), timeoutMs);
  try {
    await Promise.race([run(context), overdue.promise]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    clearTimeout(timer);
    // Of a rule that failed, a connection may be past closing in order.
    await context.close().catch(() => {});
  }
}
