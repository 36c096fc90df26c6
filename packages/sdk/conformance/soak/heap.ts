/** Whether memory grows: samples after collections of garbage, and the lowest of them, early and late. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Samples of a whole run; those of the first part of it are of a process that still warms up. */
const SAMPLES = 100;
const WARM_UP_SHARE = 0.4;
const MEBIBYTE = 1024 * 1024;

/** What memory did after the warm-up, in mebibytes. */
export interface HeapReport {
  readonly samples: number;
  /** What a tenth of the samples of the first half are below: buffers and what is under way come and go above it. */
  readonly earlyMebibytes: number;
  /** The same of the second half. */
  readonly lateMebibytes: number;
}

export class HeapWatch {
  readonly #collectGarbage: () => void;
  readonly #samples: number[] = [];
  readonly #timer: NodeJS.Timeout;

  /** Samples until it is stopped, as often as a run of this length needs. */
  constructor(runMs: number) {
    setFlagsFromString("--expose-gc");
    this.#collectGarbage = runInNewContext("gc") as () => void;
    this.#timer = setInterval(() => this.#sample(), runMs / SAMPLES);
  }

  stop(): HeapReport {
    clearInterval(this.#timer);
    const warm = this.#samples.slice(Math.floor(this.#samples.length * WARM_UP_SHARE));
    const half = Math.ceil(warm.length / 2);
    return {
      samples: warm.length,
      earlyMebibytes: floorOf(warm.slice(0, half)),
      lateMebibytes: floorOf(warm.slice(half)),
    };
  }

  #sample(): void {
    this.#collectGarbage();
    // Buffers lie outside the heap, and leak as well.
    const { heapUsed, external } = process.memoryUsage();
    this.#samples.push(heapUsed + external);
  }
}

function floorOf(samples: readonly number[]): number {
  const bytes = samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 10)] ?? 0;
  return Math.round((bytes / MEBIBYTE) * 100) / 100;
}
