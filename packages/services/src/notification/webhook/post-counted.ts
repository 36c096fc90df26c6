/** Posts through a circuit breaker, which knows when a receiver is away. */
import type { BreakerOptions, CircuitBreaker } from "@quittance/sdk";
import type { PostResult } from "./posted-webhook.js";

/** After 5 failures in a row a receiver gets one webhook every 5 s, until it takes one. */
export const DEFAULT_BREAKER: BreakerOptions = { afterFailures: 5, halfOpenAfterMs: 5_000, probeSize: 1 };

/** How a post failed, as a breaker wants it: thrown. */
class PostFailure extends Error {
  override readonly name = "PostFailure";
  readonly result: PostResult;

  constructor(result: Extract<PostResult, { readonly kind: "failed" }>) {
    super(result.reason);
    this.result = result;
  }
}

/**
 * Posts, and has the breaker count a failure; a receiver that answers 410 is there. What was claimed is posted even if the
 * breaker has just opened: its attempt is counted already.
 */
export async function postCounted(breaker: CircuitBreaker, post: () => Promise<PostResult>): Promise<PostResult> {
  try {
    const counted = breaker.run(async () => {
      const result = await post();
      if (result.kind === "failed") throw new PostFailure(result);
      return result;
    });
    return (await counted) ?? (await post());
  } catch (error) {
    if (error instanceof PostFailure) return error.result;
    throw error;
  }
}
