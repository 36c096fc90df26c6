/** What a fault of a round is. */

import type { Random } from "../random.js";
import type { RequestBook } from "../request-book.js";
import type { System } from "../system.js";

/** What was done to whom, for the summary. */
export interface Damage {
  readonly target: string;
  /** When, or how. */
  readonly point: string;
  /** How long no payment went the whole way, in milliseconds, where it was measured. */
  readonly pauseMs?: number;
}

export interface FaultContext {
  readonly system: System;
  readonly random: Random;
  /** What was asked for so far. */
  readonly book: RequestBook;
  /** Notes what was done. */
  readonly did: (damage: Damage) => void;
}

export interface Fault {
  readonly name: string;
  /** Breaks something, and resolves when it breaks no more. What stays broken by itself, the round repairs. */
  run(context: FaultContext): Promise<void>;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Resolves when `happened` does, or after `milliseconds`; whether it happened. */
export async function within(milliseconds: number, happened: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  return Promise.race([happened.then(() => true), late]).finally(() => clearTimeout(timer));
}
