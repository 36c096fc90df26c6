/** Work that a process does again and again, one round at a time. */

export interface RoundsOptions {
  /** How often a round begins, in milliseconds. None begins while another is under way. */
  readonly everyMs: number;
  /** One round. A long one asks now and then whether it is to end early. */
  readonly work: (isStopping: () => boolean) => Promise<void>;
  /** Hears why a round failed; the next round is the next try. */
  readonly failed: (error: unknown) => void;
}

export interface Rounds {
  /** Begins a round now, or joins the one that is under way; never rejects. */
  run(): Promise<void>;
  /** Begins no more rounds, and waits for the one that is under way. */
  stop(): Promise<void>;
}

/** Starts the schedule; the first round begins after `everyMs`. It does not keep the process alive. */
export function startRounds({ everyMs, work, failed }: RoundsOptions): Rounds {
  let running: Promise<void> | undefined;
  let stopping = false;
  const run = () => {
    running ??= work(() => stopping)
      .catch(failed)
      .finally(() => {
        running = undefined;
      });
    return running;
  };
  const timer = setInterval(() => void run(), everyMs).unref();
  return {
    run,
    async stop() {
      stopping = true;
      clearInterval(timer);
      await running;
    },
  };
}
