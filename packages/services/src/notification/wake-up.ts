/** Lets one loop wait until somebody calls it or its time is over. A call while nobody waits is kept for the next wait. */
export class WakeUp {
  #notified = false;
  #resolve: (() => void) | undefined;

  notify(): void {
    this.#notified = true;
    this.#resolve?.();
  }

  /** True when notified, false when `timeoutMs` passed first. */
  async wait(timeoutMs: number): Promise<boolean> {
    if (!this.#notified) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
        timer = setTimeout(resolve, timeoutMs);
      });
      clearTimeout(timer);
      this.#resolve = undefined;
    }
    const notified = this.#notified;
    this.#notified = false;
    return notified;
  }
}
