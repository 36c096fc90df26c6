/** The load of a soak, from the first connection to the last message: what happened, and what must not have. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, type ConnectOptions, connect } from "@quittance/sdk";
import { BreakingProxy, type Fault, type LineWeather } from "../kills/breaking-proxy.js";
import { SeededRandom } from "../kills/seeded-random.js";
import type { Around } from "./around.js";
import { Arrivals, countRest } from "./arrivals.js";
import { type HeapReport, HeapWatch } from "./heap.js";
import { Ledger, Series } from "./ledger.js";
import { MOVED, type MoveCounts, Moves } from "./moves.js";
import type { SoakOptions } from "./options.js";
import { Reads } from "./reads.js";
import { Requests } from "./requests.js";
import { DEAD, DONE, isBad, Steps } from "./steps.js";

/** Parts of the whole rate. */
const SHARES = { moves: 0.4, steps: 0.25, reads: 0.2, requests: 0.15 } as const;
/** How long everything may take to come to its end once lines break no more. */
const PATIENCE_MS = 60_000;
const LOOK_AGAIN_MS = 50;
const REQUESTS_IN_PEACE = 20;
/** Sentences about what must not happen, at most. */
const MAXIMUM_AMISS = 20;

/** Short times, so that a line on which nothing is said any more is noticed soon. */
const CONNECT: ConnectOptions = {
  connectTimeoutMs: 3_000,
  idleTimeoutMs: 1_500,
  reconnect: { initialDelayMs: 5, maximumDelayMs: 200 },
};

/** What lines meet beside being broken: stalls that they survive, and writes that arrive in two parts. */
const WEATHER: LineWeather = { loadBytes: [20_000, 500_000], delayShare: 0.01, delayMs: [1, 400], halveShare: 0.05 };

/** What became of all messages of a kind. */
export interface Fate {
  readonly sent: number;
  readonly lost: number;
  readonly doubled: number;
}

export interface LoadReport {
  readonly faults: Readonly<Record<Fault, number>>;
  readonly heap: HeapReport;
  readonly moves: Fate & MoveCounts;
  /** `again`: deliveries beyond the first of a message. */
  readonly steps: Fate & { readonly again: number };
  readonly deadLetters: Fate & { readonly unwanted: number };
  readonly reads: Fate & { readonly again: number };
  readonly requests: { readonly answered: number; readonly unanswered: number };
  /** What must not happen, one sentence each. */
  readonly amiss: readonly string[];
  /** What Node still waits for when all is closed. */
  readonly resources: readonly string[];
}

/** All that is at work, and the books about it. */
class Load {
  readonly series: Readonly<Record<keyof typeof SHARES, Series>>;
  readonly moved: Ledger;
  readonly done: Ledger;
  readonly dead: Ledger;
  readonly read: Ledger;
  readonly moves: Moves;
  readonly steps: Steps;
  readonly reads: Reads;
  readonly requests: Requests;

  constructor(around: Around, messages: number) {
    const seriesOf = (name: keyof typeof SHARES) => new Series(name, Math.ceil(messages * SHARES[name]) + 1_000);
    this.series = {
      moves: seriesOf("moves"),
      steps: seriesOf("steps"),
      reads: seriesOf("reads"),
      requests: seriesOf("requests"),
    };
    this.moved = new Ledger(this.series.moves);
    this.done = new Ledger(this.series.steps);
    this.dead = new Ledger(this.series.steps);
    this.read = new Ledger(this.series.reads);
    this.moves = new Moves(this.series.moves, around);
    this.steps = new Steps(this.series.steps, around);
    this.reads = new Reads(this.read, around);
    this.requests = new Requests(this.series.requests, around);
  }

  get isComplete(): boolean {
    return this.moved.lost() + this.done.lost(isGood) + this.dead.lost(isBad) + this.read.lost() === 0;
  }

  /** The queues where messages end, and the books of what they hold. */
  get ends() {
    return [
      [MOVED, this.moved],
      [DONE, this.done],
      [DEAD, this.dead],
    ] as const;
  }

  counts(): Omit<LoadReport, "faults" | "heap" | "amiss" | "resources"> {
    const { moves, steps, reads } = this.series;
    const { answered, unanswered } = this.requests;
    const fate = (sent: number, ledger: Ledger, isWanted?: (id: number) => boolean): Fate => ({
      sent,
      lost: ledger.lost(isWanted),
      doubled: ledger.doubled(isWanted),
    });
    return {
      moves: { ...fate(moves.issued, this.moved), ...this.moves.counts },
      steps: { ...fate(steps.issued, this.done, isGood), again: this.steps.sightings.again },
      deadLetters: {
        ...fate(steps.issued, this.dead, isBad),
        unwanted: this.dead.unwanted(isBad) + this.done.unwanted(isGood),
      },
      reads: { ...fate(reads.issued, this.read), again: this.reads.sightings.again },
      requests: { answered, unanswered },
    };
  }
}

function isGood(id: number): boolean {
  return !isBad(id);
}

/** Runs the whole load; nothing is left of it but the report. */
export async function runLoad(options: SoakOptions, brokerUrl: string): Promise<LoadReport> {
  const runMs = options.minutes * 60_000;
  const random = new SeededRandom(options.seed);
  const proxy = await BreakingProxy.start(brokerUrl, random, WEATHER);
  const amiss: string[] = [];
  let isOver = false;
  const around: Around = {
    random,
    connect: () => connect(proxy.url, CONNECT),
    isOver: () => isOver,
    amiss: (what) => void (amiss.length < MAXIMUM_AMISS && amiss.push(what)),
  };
  const load = new Load(around, (runMs / 1_000) * options.rate);
  let heap: HeapReport;
  {
    await using direct = await connect(brokerUrl);
    const arrivals = await Promise.all(load.ends.map(([queue, ledger]) => Arrivals.open(direct, queue, ledger)));
    const running = await start(load, options.rate);
    const watch = new HeapWatch(runMs);
    proxy.break(Number.POSITIVE_INFINITY);
    await sleep(runMs);
    heap = watch.stop();
    proxy.break(0);
    isOver = true;
    await running.end(() => load.isComplete);
    // What the proxy still held of old lines is at the broker now, or lost.
    await proxy[Symbol.asyncDispose]();
    await Promise.all(arrivals.map((arrival) => arrival.close()));
    await countAllRest(direct, load);
  }
  return { faults: proxy.faults, heap, ...load.counts(), amiss, resources: process.getActiveResourcesInfo() };
}

/** Starts every part; `end` waits until all is begun, ended and complete, and closes them. */
async function start(load: Load, rate: number): Promise<{ end(isComplete: () => boolean): Promise<void> }> {
  const requests = await load.requests.start(rate * SHARES.requests);
  const parts = [
    requests,
    await load.moves.start(rate * SHARES.moves),
    await load.steps.start(rate * SHARES.steps),
    await load.reads.start(rate * SHARES.reads),
  ];
  return {
    async end(isComplete) {
      await Promise.all(parts.map(({ fed }) => fed));
      // What is missing after that is missing: whoever counts will say so.
      for (const until = performance.now() + PATIENCE_MS; !isComplete() && performance.now() < until; ) {
        await sleep(LOOK_AGAIN_MS);
      }
      await requests.askInPeace(REQUESTS_IN_PEACE);
      await Promise.all(parts.map((part) => part.close()));
    },
  };
}

async function countAllRest(connection: Connection, load: Load): Promise<void> {
  for (const [queue, ledger] of load.ends) await countRest(connection, queue, ledger);
}
