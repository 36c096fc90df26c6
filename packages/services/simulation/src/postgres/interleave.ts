/**
 * Two transactions at a time, statement by statement in the order that a seed gives, on whatever runs SQL or a model of
 * it: what each statement answered, which ones waited, and what became of each transaction.
 */
import type { Transaction } from "../../../dist/platform/database.js";
import type { DatabaseUser } from "../database/simulated-server.js";
import type { Random } from "../random.js";
import type { Work } from "./random-work.js";

export interface Query {
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A connection of one worker. */
export interface Connection {
  begin(): Promise<unknown>;
  query(query: Query): Promise<{ readonly rows: readonly object[]; readonly rowCount: number | null }>;
  commit(): Promise<unknown>;
  rollBack(): Promise<unknown>;
}

export interface Backend {
  /** A worker's connection for a service; the same one each time. */
  connectionOf(worker: number, user: DatabaseUser): Promise<Connection>;
  /** Resolves when each worker that is under way either has its answer or waits for another's lock. */
  settled(underWay: readonly Pending[]): Promise<void>;
}

/** A statement that a worker sent. */
export interface Pending {
  readonly worker: number;
  readonly user: DatabaseUser;
  answered: boolean;
}

/** What became of one transaction. */
export interface WorkResult {
  readonly work: Work;
  readonly result?: unknown;
  readonly error?: unknown;
}

export interface Interleaving {
  /** One line for each thing that happened, in order. */
  readonly log: readonly string[];
  readonly results: readonly WorkResult[];
  /** Each waits for the other, which a database ends in its own way: what follows cannot be compared. */
  readonly deadlock: boolean;
}

interface Worker {
  readonly number: number;
  readonly work: Work;
  /** What it wants to do next, told as soon as it comes to it. */
  next: { readonly name: string; readonly start: () => void } | undefined;
  pending: Pending | undefined;
  done: boolean;
}

/** Runs two pieces of work to their ends. */
export async function interleave(backend: Backend, random: Random, works: readonly Work[]): Promise<Interleaving> {
  const log: string[] = [];
  const results: WorkResult[] = [];
  const workers = works.map(
    (work, number): Worker => ({ number, work, next: undefined, pending: undefined, done: false }),
  );
  const ends = workers.map((worker) =>
    runWorker(backend, worker, log).then((result) => {
      results[worker.number] = result;
      worker.done = true;
    }),
  );
  let deadlock = false;
  for (;;) {
    await progress(backend, workers);
    if (workers.every(({ done }) => done)) break;
    const ready = workers.filter(({ next }) => next !== undefined);
    if (ready.length === 0) {
      deadlock = true;
      break;
    }
    const worker = random.pick(ready);
    const { next } = worker;
    worker.next = undefined;
    log.push(`${worker.number} sends ${next?.name}`);
    const happened = log.length;
    next?.start();
    await progress(backend, workers);
    // What one statement lets happen to both comes in no certain order.
    log.push(...log.splice(happened).sort((a, b) => a.charCodeAt(0) - b.charCodeAt(0)));
    for (const { number, pending } of workers) if (pending?.answered === false) log.push(`${number} waits`);
  }
  // The database gives one of them up; nothing of it is compared.
  if (deadlock) await drainDeadlock(workers, ends);
  await Promise.all(ends);
  deadlock ||= results.some(({ error }) => codeOf(error) === "40P01");
  return { log, results, deadlock };
}

/** Waits until each worker has come to its next statement, has ended, or waits for a lock. */
async function progress(backend: Backend, workers: readonly Worker[]): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    const underWay = workers.flatMap(({ pending }) => (pending === undefined ? [] : [pending]));
    const moving = workers.some(({ next, pending, done }) => next === undefined && pending === undefined && !done);
    if (moving) continue;
    if (underWay.length === 0) return;
    await backend.settled(underWay);
    await new Promise((resolve) => setImmediate(resolve));
    if (underWay.every(({ answered }) => !answered)) return;
  }
}

async function drainDeadlock(workers: readonly Worker[], ends: readonly Promise<unknown>[]): Promise<void> {
  const all = Promise.all(ends).then(() => true);
  for (;;) {
    const ended = await Promise.race([all, new Promise<false>((resolve) => setTimeout(() => resolve(false), 5))]);
    if (ended) return;
    for (const worker of workers) {
      const { next } = worker;
      worker.next = undefined;
      next?.start();
    }
  }
}

async function runWorker(backend: Backend, worker: Worker, log: string[]): Promise<WorkResult> {
  const { number, work } = worker;
  const connection = await backend.connectionOf(number, work.user);
  /** Waits for its turn, sends, and tells what came of it. */
  const turn = async <T>(name: string, send: () => Promise<T>): Promise<T> => {
    await new Promise<void>((start) => {
      worker.next = { name, start };
    });
    const pending: Pending = { worker: number, user: work.user, answered: false };
    worker.pending = pending;
    try {
      return await send();
    } finally {
      pending.answered = true;
      worker.pending = undefined;
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  /** In the order in which it was asked for; nothing after a failure. */
  const afterThat = <T>(run: () => Promise<T>): Promise<T> => {
    const next = last.then(run);
    last = next;
    return next;
  };
  const query = async (asked: Query) => {
    const name = asked.name ?? "unnamed";
    try {
      const result = await turn(name, () => connection.query(asked));
      log.push(`${number} ${name}: ${result.rowCount} ${textOf(result.rows)}`);
      return result;
    } catch (error) {
      log.push(`${number} ${name}: ${codeOf(error)}`);
      throw error;
    }
  };
  let committed: Promise<void> | undefined;
  const commit = () => {
    committed ??= afterThat(async () => {
      await turn("COMMIT", () => connection.commit());
    });
    return committed;
  };
  await turn("BEGIN", () => connection.begin());
  try {
    const transaction = { query: (asked: Query) => afterThat(() => query(asked)), commit };
    const result = await work.run(transaction as unknown as Transaction);
    await commit();
    log.push(`${number} step ${work.name}: ${textOf(result)}`);
    return { work, result };
  } catch (error) {
    await turn("ROLLBACK", () => connection.rollBack());
    log.push(`${number} step ${work.name}: ${codeOf(error)}`);
    return { work, error };
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { readonly code?: string };
  return code ?? error.message;
}

/** JSON with the keys and the members in one order, so that what is the same reads the same. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).sort().join(", ")}]`;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([name, field]) => `${name}: ${textOf(field)}`).join(", ")}}`;
  }
  return String(value);
}
