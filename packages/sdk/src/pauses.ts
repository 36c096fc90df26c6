/** Waits that can all be ended early, by a drain or by the loss of the connection. */
export class Pauses {
  readonly #waiting = new Set<() => void>();
  #over = false;

  /** Resolves after `delayMs`, or as soon as the pauses are ended. */
  wait(delayMs: number): Promise<void> {
    if (this.#over) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, delayMs);
      this.#waiting.add(end);
    });
  }

  /** Ends the waits of now. */
  endAll(): void {
    for (const end of [...this.#waiting]) {
      end();
    }
  }

  /** Ends the waits of now and every later one. */
  endForGood(): void {
    this.#over = true;
    this.endAll();
  }
}
