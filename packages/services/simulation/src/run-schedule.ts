/** One schedule: a seed in; what was done, and what was found wrong, out. */
import type { Connection } from "@quittance/sdk";
import type { Gateway } from "../../dist/gateway/gateway.js";
import { CHANNELS, deadLetterAddress } from "../../dist/shared/queue-map.js";
import { BooksWatch } from "./books-watch.js";
import { Callers } from "./callers.js";
import { SimulatedClock } from "./clock.js";
import { DatabaseHost } from "./database/simulated-database.js";
import { SimulatedServer, type Statements } from "./database/simulated-server.js";
import { checkToldHold } from "./hold-invariants.js";
import { checkTold, offencesOf } from "./invariants.js";
import { Random } from "./random.js";
import { Schedule } from "./schedule.js";
import { SimulatedBroker } from "./simulated-broker.js";
import { HOLD_MS, System } from "./system.js";
import { fillSystem } from "./system-data.js";

export interface ScheduleResult {
  readonly seed: number;
  readonly steps: number;
  /** Tells this order of events from others. */
  readonly digest: string;
  readonly faults: Readonly<Record<string, number>>;
  /** What each process that was killed was about to do, for example `client-bank: sends COMMIT`. */
  readonly killPoints: readonly string[];
  readonly payments: number;
  readonly refunds: number;
  /** Empty when all is well. */
  readonly offences: readonly string[];
  /** The last steps, one a line, for those who look for the cause. */
  readonly story: readonly string[];
}

/** What a deliberate bug changes. Nothing of it exists outside the simulation. */
export interface Mutation {
  /** Changes what every service is connected by. */
  readonly connections?: (connection: Connection) => Connection;
  readonly statements?: (server: SimulatedServer) => Statements;
  /** Made once for each schedule; every gateway is changed by it. */
  readonly gateways?: () => (gateway: Gateway) => Gateway;
  /** Changes what card-validation is connected by. */
  readonly cardValidation?: (connection: Connection) => Connection;
}

/** A schedule that does not come to rest by then turns in a circle. */
const MAXIMUM_STEPS = 20_000;
/** Longer than any caller waits. */
const LONGEST_WAIT_MS = 31_000;
const MAXIMUM_WAITS = 50;
/** Longer than a hold lasts, and than its end waits to be told again. */
const LONGEST_HOLD_MS = 61_000;
/** How long before the first expiry the late orders may begin: about as long as an order takes. */
const LATE_BY_MS = 500;
/** A fault may strike one look after the other, but not as many as these. */
const MAXIMUM_LOOKS = 20;

/** Runs the schedule of `seed`, a whole number of 0 to 2^32 - 1. The process's clock is the schedule's meanwhile. */
export async function runSchedule(seed: number, mutation: Mutation = {}): Promise<ScheduleResult> {
  const run = new Run(seed, mutation);
  const uninstall = run.clock.install(run.chance);
  try {
    return await run.run();
  } finally {
    uninstall();
  }
}

class Run {
  readonly clock = new SimulatedClock();
  /** What takes the place of the process's chance. */
  readonly chance: () => number;
  readonly #seed: number;
  readonly #random: Random;
  readonly #schedule: Schedule;
  readonly #server = new SimulatedServer();
  readonly #broker: SimulatedBroker;
  readonly #host: DatabaseHost;
  readonly #system: System;
  readonly #callers: Callers;
  readonly #offences: string[] = [];
  readonly #faults: Record<string, number> = {};
  readonly #faultRate: number;
  #faultsLeft: number;
  #copiedCards = 0;
  /** Waits that were ended by letting time go by. */
  #waited = 0;

  constructor(seed: number, mutation: Mutation) {
    this.#seed = seed;
    const random = new Random(seed);
    const schedule = new Schedule(random);
    const server = this.#server;
    // Draws of its own: how often somebody asks for chance changes nothing else.
    const chance = new Random((seed ^ 0x5bd1e995) >>> 0);
    this.chance = () => chance.fraction();
    this.#random = random;
    this.#schedule = schedule;
    this.#broker = new SimulatedBroker(schedule, random, this.clock);
    const statements = mutation.statements?.(server) ?? server.statements;
    const watch = new BooksWatch(server, (offence) => this.#offences.push(`after a commit: ${offence}`));
    this.#host = new DatabaseHost({ server, statements, schedule, random, onCommit: () => watch.look() });
    this.#system = new System({
      schedule,
      random,
      clock: this.clock,
      broker: this.#broker,
      host: this.#host,
      changeConnection: mutation.connections ?? ((connection) => connection),
      changeGateway: mutation.gateways?.() ?? ((gateway) => gateway),
      changeCardValidation: mutation.cardValidation ?? ((connection) => connection),
    });
    this.#callers = new Callers({
      system: this.#system,
      schedule,
      random,
      complain: (offence) => this.#offences.push(offence),
      onHoldAnswer: (call) =>
        checkToldHold(server, call, (offence) => this.#offences.push(`when it was told: ${offence}`)),
      onAnswer: (call) => checkTold(server, call, (offence) => this.#offences.push(`when it was told: ${offence}`)),
    });
    this.#faultRate = random.pick([0.01, 0.03, 0.1]);
    this.#faultsLeft = random.integer(0, 15);
  }

  async run(): Promise<ScheduleResult> {
    fillSystem(this.#server);
    await this.#system.start();
    this.#callers.start();
    await this.#untilQuiet();
    // Something is left to break while holds expire.
    this.#faultsLeft += this.#random.integer(0, 4);
    await this.#orderLate();
    await this.#untilHoldsEnd();
    this.#faultsLeft = 0;
    // A backup comes back with all that ever was: it must change nothing any more.
    if (this.#random.chance(0.25)) {
      for (const { queue, message } of [...this.#broker.history]) this.#broker.put(queue, { ...message });
      await this.#untilQuiet();
    }
    await this.#untilHoldsEnd();
    const holds = { calls: this.#callers.holdCalls, holdMs: HOLD_MS };
    this.#offences.push(...offencesOf(this.#server, this.#callers.calls, holds));
    this.#checkDeadLetters();
    return {
      seed: this.#seed,
      steps: this.#schedule.count,
      digest: this.#schedule.digest(),
      faults: this.#faults,
      killPoints: this.#system.killPoints,
      payments: this.#server.clientBank.payments.rows().length,
      refunds: this.#server.clientBank.refunds.rows().length,
      offences: [...new Set(this.#offences)],
      story: this.#schedule.story,
    };
  }

  async #untilQuiet(): Promise<void> {
    let waits = 0;
    while (this.#schedule.count + this.#waited < MAXIMUM_STEPS) {
      if (this.#faultsLeft > 0 && this.#random.chance(this.#faultRate)) this.#breakSomething();
      this.clock.advance(this.#random.integer(0, 20));
      const isHeldBack = this.#broker.letGo();
      if (await this.#schedule.next()) continue;
      if (await this.#untilTimer()) continue;
      if (this.#callers.open === 0 && !isHeldBack) return;
      if (!isHeldBack) waits += 1;
      if (waits > MAXIMUM_WAITS) {
        this.#offences.push("a caller waits forever");
        return;
      }
      this.clock.advance(LONGEST_WAIT_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#offences.push(`not quiet after ${MAXIMUM_STEPS} steps`);
  }

  /** Lets time go by until a wait is over, such as a processor's before it tries again. Whether there was one. */
  async #untilTimer(): Promise<boolean> {
    const ms = this.clock.untilTimerMs;
    if (ms === undefined) return false;
    this.#waited += 1;
    this.clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
    return true;
  }

  /** Lets callers ask for what is held at about the moment when the first hold expires. */
  async #orderLate(): Promise<void> {
    const due = this.#server.clientBank.payments
      .rows()
      .flatMap(({ state, holdExpireTime }) =>
        state === "AUTHORIZED" && holdExpireTime !== null ? [Date.parse(holdExpireTime)] : [],
      );
    if (due.length === 0) return;
    const late = Math.min(...due) - LATE_BY_MS + this.#random.integer(0, 2 * LATE_BY_MS);
    this.clock.advance(Math.max(0, late - Date.now()));
    this.#callers.startLate();
    await this.#untilQuiet();
  }

  /** Lets time go by until nothing is due of any hold: each was captured, released, or has expired and its end was told. */
  async #untilHoldsEnd(): Promise<void> {
    const isDue = () => this.#server.clientBank.payments.rows().some(({ holdExpireTime }) => holdExpireTime !== null);
    for (let look = 1; look <= MAXIMUM_LOOKS && isDue(); look += 1) {
      this.clock.advance(LONGEST_HOLD_MS);
      // The processes look for what is due, before it is quiet again.
      await new Promise((resolve) => setImmediate(resolve));
      await this.#untilQuiet();
    }
  }

  /** Dead letters hold the poison and the payments with copied cards, all of them, and nothing else. */
  #checkDeadLetters(): void {
    const found = new Set<string>();
    for (const { text } of this.#broker.waiting(deadLetterAddress({ address: "" }))) {
      const [poison] = /poison[^,}]*/.exec(text) ?? [];
      if (poison === undefined) this.#offences.push(`set aside: ${text}`);
      else found.add(poison);
    }
    const injected = (this.#faults["poison sent"] ?? 0) + this.#copiedCards;
    if (found.size !== injected) this.#offences.push(`${injected} messages were poison, ${found.size} were set aside`);
  }

  #breakSomething(): void {
    const faults: readonly (readonly [name: string, () => void])[] = [
      ["service killed", () => this.#system.killOne()],
      ["service killed", () => this.#system.killOne()],
      ["service killed", () => this.#system.killOne()],
      ["service killed", () => this.#system.killOne()],
      ["broker killed", () => this.#system.crashBroker()],
      ["database killed", () => this.#system.crashDatabase()],
      ["statement failed", () => this.#host.failNext()],
      ["broker full", () => this.#broker.refuseNext()],
      ["old message comes again", () => this.#replay()],
      ["old message comes again", () => this.#replay()],
      ["poison sent", () => this.#broker.poison()],
      ["card copied", () => this.#copyCard()],
      ["everything delayed", () => this.clock.advance(this.#random.integer(1_000, 120_000))],
    ];
    const [name, happen] = this.#random.pick(faults);
    this.#faultsLeft -= 1;
    this.#faults[name] = (this.#faults[name] ?? 0) + 1;
    this.#schedule.note(`FAULT ${name}`);
    happen();
  }

  /** Somebody who reads `payment` and may write to it pays with the card of another payment. */
  #copyCard(): void {
    const payments = this.#broker.history.filter(({ queue }) => queue === CHANNELS.payment.address);
    if (payments.length === 0) return;
    const { queue, message } = this.#random.pick(payments);
    const number = this.#broker.nextNumber();
    const forged = {
      ...(JSON.parse(message.text) as object),
      paymentId: `pay_${String(number)
        .replace(/\d/g, (digit) => "abcdefghij"[Number(digit)] ?? "")
        .padStart(32, "x")}`,
      amount: { currencyCode: "EUR", minorUnits: "7" },
      // The mark by which it is found among the dead letters.
      description: `poison ${number}`,
    };
    const text = JSON.stringify(forged);
    this.#broker.put(queue, { ...message, text, messageId: `ID:${number}`, label: `copied card#${number}` });
    this.#copiedCards += 1;
  }

  #replay(): void {
    if (this.#broker.history.length === 0) return;
    const { queue, message } = this.#random.pick(this.#broker.history);
    this.#broker.put(queue, { ...message });
  }
}
