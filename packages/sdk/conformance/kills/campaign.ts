/**
 * Producers, a processor and a plain consumer at work while their connections to the broker are broken again and again, and
 * what must be true of every message in the end.
 */
import { type Connection, type ConnectOptions, connect, MessagingError, queue } from "@quittance/sdk";
import { BreakingProxy, type Fault } from "./breaking-proxy.js";
import { Collected } from "./collected.js";
import { numberedBody } from "./numbered-body.js";
import { PickyReader } from "./picky-reader.js";
import type { SeededRandom } from "./seeded-random.js";
import { SendLog } from "./send-log.js";

/** Where the campaign works: the broker has these queues, and sets nothing aside for having been delivered often. */
export const CAMPAIGN_QUEUES = ["kills.held", "kills.in", "kills.out", "kills.read"] as const;
const [HELD, IN, OUT, READ] = [
  queue("kills.held"),
  queue("kills.in"),
  queue("kills.out"),
  queue("kills.read"),
] as const;

/** Messages that producers may be ahead of who reads them. */
const MAXIMUM_BACKLOG = 500;
/** Waits for what must come; far more than any machine needs. */
const PATIENCE_MS = 60_000;
/** The most that a break may cost on a slow machine, reconnection included. */
const BREAK_MS = 2_000;
const FAILING_SHARE = 0.05;

/** Short times, so that a line on which nothing is said any more is noticed soon. */
const CONNECT: ConnectOptions = {
  connectTimeoutMs: 1_500,
  idleTimeoutMs: 700,
  reconnect: { initialDelayMs: 5, maximumDelayMs: 100 },
};

export interface CampaignOptions {
  readonly brokerUrl: string;
  /** Where the broker puts what is rejected. */
  readonly deadLetterAddress: string;
  readonly kills: number;
  readonly random: SeededRandom;
}

/** What happened, by counts. */
export interface CampaignReport {
  readonly faults: Readonly<Record<Fault, number>>;
  readonly confirmed: number;
  readonly unsure: number;
  readonly notSent: number;
  /** Everything that is not as it must be, one sentence each. */
  readonly broken: readonly string[];
}

/** The three kinds of load, and what was seen of each. */
class Load {
  /** Nobody takes these out before the end. */
  readonly held: SendLog;
  /** These go through the processor. */
  readonly steps: SendLog;
  /** These go to the plain consumer. */
  readonly reads: SendLog;
  /** What the processor's handler has decided on. */
  readonly handled = new Set<string>();

  constructor(random: SeededRandom) {
    this.held = new SendLog("held", random);
    this.steps = new SendLog("step", random);
    this.reads = new SendLog("read", random);
  }

  get logs(): readonly SendLog[] {
    return [this.held, this.steps, this.reads];
  }
}

/** @throws Error when something comes to no end. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { brokerUrl, deadLetterAddress, kills, random } = options;
  const load = new Load(random);
  await using direct = await connect(brokerUrl);
  const passedOn = await Collected.open(direct, OUT);
  await using proxy = await BreakingProxy.start(brokerUrl, random);
  let reader: PickyReader;
  {
    await using sending = await connect(proxy.url, CONNECT);
    await using processing = await connect(proxy.url, CONNECT);
    await using reading = await connect(proxy.url, CONNECT);
    await openStep(processing, load.handled, random);
    reader = new PickyReader(await reading.createConsumer(READ, { creditWindow: 30 }), random);
    const send = await prepareLoad(sending, load, reader, proxy);
    proxy.break(kills);
    await within("every send ends", kills * BREAK_MS + PATIENCE_MS, send());
    await Collected.takeAll([passedOn], load.steps.confirmed, PATIENCE_MS);
    await within("the reader ends", PATIENCE_MS, reader.close());
  }
  // What the proxy still held of old lines is at the broker now, or lost.
  await proxy[Symbol.asyncDispose]();
  await Collected.takeAll([passedOn], [], PATIENCE_MS);
  const held = await Collected.open(direct, HELD);
  await Collected.takeAll([held], load.held.confirmed, PATIENCE_MS);
  const left = await Collected.open(direct, READ);
  const dead = await Collected.open(direct, queue(deadLetterAddress));
  const unread = [...load.reads.confirmed].filter((id) => !reader.accepted.has(id));
  await Collected.takeAll([left, dead], unread, PATIENCE_MS);
  const sum = (count: (log: SendLog) => number) => load.logs.reduce((total, log) => total + count(log), 0);
  return {
    faults: proxy.faults,
    confirmed: sum(({ confirmed }) => confirmed.size),
    unsure: sum(({ unsure }) => unsure.size),
    notSent: sum(({ notSent }) => notSent.size),
    broken: [
      ...load.logs.flatMap(({ unexpected }) => unexpected),
      ...exactlyOnce(load.held, held.counts),
      ...exactlyOnce(load.steps, passedOn.counts),
      ...nothingTakenUnread(load.reads, reader, left.counts, dead.counts),
    ],
  };
}

/** Passes each message on under its own id; at times fails as a database does that is away. */
async function openStep(connection: Connection, handled: Set<string>, random: SeededRandom): Promise<void> {
  await connection.process({
    name: "kills",
    from: IN,
    to: OUT,
    schema: numberedBody,
    batch: { maximumSize: 20, concurrency: 2 },
    retry: { initialDelayMs: 1, maximumDelayMs: 20 },
    handle(batch) {
      if (random.chance(FAILING_SHARE)) throw new MessagingError("timed-out", "The database is away.");
      return batch.map(({ body: { id } }) => {
        handled.add(id);
        return { send: [{ message: { json: { id } }, options: { duplicateId: id } }] };
      });
    },
  });
}

/** Makes the producers while lines live still; what is returned sends until the last break. */
async function prepareLoad(
  connection: Connection,
  { held, steps, reads, handled }: Load,
  reader: PickyReader,
  proxy: BreakingProxy,
): Promise<() => Promise<unknown>> {
  const options = { sendTimeoutMs: 5_000 };
  const toHeld = await connection.createProducer(HELD, options);
  const toSteps = await connection.createProducer(IN, options);
  const toReader = await connection.createProducer(READ, options);
  const goOn = () => proxy.remaining > 0;
  const read = () => reader.accepted.size + reader.rejected.size;
  return () =>
    Promise.all([
      held.feed(toHeld, { goOn, tooMany: () => false }),
      steps.feed(toSteps, { goOn, tooMany: () => steps.confirmed.size - handled.size > MAXIMUM_BACKLOG }),
      reads.feed(toReader, { goOn, tooMany: () => reads.confirmed.size - read() > MAXIMUM_BACKLOG }),
    ]);
}

/** What was confirmed is there once, what may have arrived at most once, and what has not arrived is not there. */
function exactlyOnce(log: SendLog, counts: ReadonlyMap<string, number>): string[] {
  const broken: string[] = [];
  for (const id of log.confirmed) {
    if (!counts.has(id)) broken.push(`${id} was confirmed, and is lost`);
  }
  for (const id of log.notSent) {
    if (counts.has(id)) broken.push(`${id} was told not to have arrived, and has`);
  }
  for (const [id, count] of counts) {
    if (count > 1) broken.push(`${id} is there ${count} times`);
  }
  return broken;
}

/** What is gone from the queue was accepted by the reader, and what is dead was rejected by it. */
function nothingTakenUnread(
  log: SendLog,
  { accepted, rejected }: PickyReader,
  left: ReadonlyMap<string, number>,
  dead: ReadonlyMap<string, number>,
): string[] {
  const broken: string[] = [];
  for (const id of log.confirmed) {
    if (!accepted.has(id) && !left.has(id) && !dead.has(id)) broken.push(`${id} is gone, and nobody accepted it`);
  }
  for (const id of log.notSent) {
    if (accepted.has(id) || left.has(id) || dead.has(id)) broken.push(`${id} was told not to have arrived, and has`);
  }
  for (const id of dead.keys()) {
    if (!rejected.has(id)) broken.push(`${id} is dead, and nobody rejected it`);
  }
  for (const id of [...left.keys(), ...dead.keys()]) {
    const count = (left.get(id) ?? 0) + (dead.get(id) ?? 0);
    if (count > 1) broken.push(`${id} is there ${count} times`);
  }
  return broken;
}

async function within<T>(what: string, boundMs: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Not within ${boundMs} ms: ${what}.`)), boundMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
