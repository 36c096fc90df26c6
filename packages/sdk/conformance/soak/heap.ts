/** Whether memory grows: samples after collections of garbage, and the slope of most of them. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Samples of a whole run; those of the first part of it are of a process that still warms up. */
const SAMPLES = 60;
const WARM_UP_SHARE = 0.25;
const MEBIBYTE = 1024 * 1024;

interface Sample {
  readonly atMs: number;
  readonly bytes: number;
}

/** What memory did after the warm-up, in mebibytes. */
export interface HeapReport {
  readonly samples: number;
  readonly firstMebibytes: number;
  readonly lastMebibytes: number;
  /** By the slope, and so by what all samples say: garbage and what is under way come and go. */
  readonly growthMebibytes: number;
}

export class HeapWatch {
  readonly #collectGarbage: () => void;
  readonly #samples: Sample[] = [];
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
    const [first, last] = [warm[0], warm.at(-1)];
    const lengthMs = first === undefined || last === undefined ? 0 : last.atMs - first.atMs;
    return {
      samples: warm.length,
      firstMebibytes: mebibytes(first?.bytes ?? 0),
      lastMebibytes: mebibytes(last?.bytes ?? 0),
      growthMebibytes: mebibytes(medianSlope(warm) * lengthMs),
    };
  }

  #sample(): void {
    this.#collectGarbage();
    // Buffers lie outside the heap, and leak as well.
    const { heapUsed, external } = process.memoryUsage();
    this.#samples.push({ atMs: performance.now(), bytes: heapUsed + external });
  }
}

/** The median of the slopes between every two samples (Theil and Sen), which a few odd ones do not move: bytes a millisecond. */
function medianSlope(samples: readonly Sample[]): number {
  const slopes = samples.flatMap((one, at) =>
    samples.slice(at + 1).map((other) => (other.bytes - one.bytes) / (other.atMs - one.atMs)),
  );
  return slopes.toSorted((a, b) => a - b)[slopes.length >> 1] ?? 0;
}

function mebibytes(bytes: number): number {
  return Math.round((bytes / MEBIBYTE) * 100) / 100;
}
