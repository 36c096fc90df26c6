/** Tries through a circuit breaker, which knows when whoever receives is away. */
import type { CircuitBreaker } from "@quittance/sdk";

/** A result of the kind `failed`, as a breaker wants it: thrown. */
class CountedFailure extends Error {
  override readonly name = "CountedFailure";
  readonly result: object;

  constructor(result: { readonly reason?: string | undefined }) {
    super(result.reason);
    this.result = result;
  }
}

/**
 * Tries, and has the breaker count a result of the kind `failed`; by any other kind the receiver is there. What was claimed
 * is tried even if the breaker has just opened: its attempt is counted already.
 */
export async function runCounted<Result extends { readonly kind: string; readonly reason?: string | undefined }>(
  breaker: CircuitBreaker,
  attempt: () => Promise<Result>,
): Promise<Result> {
  try {
    const counted = breaker.run(async () => {
      const result = await attempt();
      if (result.kind === "failed") throw new CountedFailure(result);
      return result;
    });
    return (await counted) ?? (await attempt());
  } catch (error) {
    if (error instanceof CountedFailure) return error.result as Result;
    throw error;
  }
}
