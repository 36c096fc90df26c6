/** Waiting for conditions instead of sleeping. */

/** Resolves once `condition` holds; rejects with `what` after `boundMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  boundMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + boundMs;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`Not within ${boundMs} ms: ${what}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A promise to be settled from outside, once. */
export class Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
  readonly fail: (reason: unknown) => void;

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    this.open = resolve;
    this.fail = reject;
  }
}
