import { setTimeout as sleep } from "node:timers/promises";

const TICK_MS = 10;
/** Begun and not ended, at most: what finds no room is skipped, and not made up for. */
const MAXIMUM_UNDER_WAY = 100;

/** Begins `work` so often a second until `isOver`; resolves when all of it has ended. */
export async function atRate(perSecond: number, isOver: () => boolean, work: () => Promise<void>): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let due = 0;
  let last = performance.now();
  while (!isOver()) {
    await sleep(TICK_MS);
    const now = performance.now();
    due = Math.min(MAXIMUM_UNDER_WAY, due + ((now - last) / 1_000) * perSecond);
    last = now;
    for (; due >= 1 && underWay.size < MAXIMUM_UNDER_WAY; due--) {
      const one = work().finally(() => underWay.delete(one));
      underWay.add(one);
    }
  }
  await Promise.all(underWay);
}
