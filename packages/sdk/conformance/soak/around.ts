import type { Connection } from "@quittance/sdk";
import { MessagingError } from "@quittance/sdk";
import type { SeededRandom } from "../kills/seeded-random.js";

/** What every part of the load works with. */
export interface Around {
  /** Connects through the proxy. */
  readonly connect: () => Promise<Connection>;
  readonly random: SeededRandom;
  /** Whether no more work is to be begun. */
  readonly isOver: () => boolean;
  /** Takes what must not happen, one sentence each. */
  readonly amiss: (what: string) => void;
}

/** Errors by which the SDK tells that a connection broke, or that an answer did not come. */
const OF_BROKEN_LINES = new Set(["connection-lost", "connection-failed", "timed-out", "released"]);

/** Whether a broken line explains an error; what it does not explain is amiss. */
export function isOfBrokenLine(error: unknown, more: readonly string[] = []): boolean {
  if (!(error instanceof MessagingError)) return false;
  return OF_BROKEN_LINES.has(error.code) || more.includes(error.code);
}

export function describe(error: unknown): string {
  return error instanceof MessagingError ? `${error.code}: ${error.message}` : String(error);
}
