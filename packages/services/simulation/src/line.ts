/** One life's line to the simulated broker: what is on its way in both directions, and what becomes of it at the end. */
import {
  type ConnectionState,
  type Destination,
  type Message,
  MessagingError,
  type OutgoingMessage,
  type SendOptions,
} from "@quittance/sdk";
import { receivedMessage, type StoredMessage, storedMessage } from "./broker-message.js";
import type { Random } from "./random.js";
import type { Actor, Schedule } from "./schedule.js";
import type { SimulatedBroker } from "./simulated-broker.js";

/** Something on its way to the broker. When the connection breaks it has arrived or not. */
interface UnderWay {
  arrive(): void;
  /** Told when the connection broke, whether it had arrived or not. */
  readonly onBreak: (() => void) | undefined;
}

/** Called when the connection is lost, and when it is back. */
type StateListener = (state: ConnectionState) => void;

const OPEN: ConnectionState = { name: "open", broker: "simulated", product: undefined };

/** A message that this line holds. */
interface Held {
  readonly queue: string;
  readonly message: StoredMessage;
}

export class Line {
  readonly owner: Actor;
  readonly broker: SimulatedBroker;
  readonly schedule: Schedule;
  readonly #random: Random;
  readonly #underWay = new Set<UnderWay>();
  readonly #held = new Set<Held>();
  readonly #listeners = new Set<StateListener>();
  /** Grows by one each time that the connection breaks. */
  #epoch = 0;
  #isOver = false;

  constructor(owner: Actor, broker: SimulatedBroker, schedule: Schedule, random: Random) {
    this.owner = owner;
    this.broker = broker;
    this.schedule = schedule;
    this.#random = random;
  }

  /** It is made again at once: what matters is what was on its way. */
  readonly state = OPEN;

  onState(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Sends, and resolves when the broker's confirmation is here. @throws MessagingError `connection-lost`, `address-full` */
  async send(destination: Destination, message: OutgoingMessage, options: SendOptions): Promise<void> {
    const epoch = this.#epoch;
    const stored = storedMessage(this.broker.nextNumber(), destination, message, options);
    let refusal: unknown;
    await new Promise<void>((resolve) => {
      const arrive = () => {
        try {
          this.broker.store(stored);
        } catch (error) {
          refusal = error;
        }
        if (epoch === this.#epoch) this.schedule.add(this.owner, `hears of ${stored.label}`, resolve);
      };
      const hearOfBreak = () => this.schedule.add(this.owner, `gives ${stored.label} up`, resolve);
      this.#send(`stores ${stored.label}`, arrive, hearOfBreak);
    });
    if (epoch !== this.#epoch) {
      throw new MessagingError("connection-lost", "The schedule broke the connection.", { mayHaveArrived: true });
    }
    if (refusal !== undefined) throw refusal;
  }

  /** Sends at most once. */
  sendUnconfirmed(destination: Destination, message: OutgoingMessage, options: SendOptions): void {
    const stored = storedMessage(this.broker.nextNumber(), destination, message, options);
    this.#send(`passes on ${stored.label}`, () => this.broker.store(stored));
  }

  /** Messages that are there, as many as the schedule gives, and at most as many as there is room for by then. */
  async take(queue: string, room: () => number): Promise<Message[]> {
    return this.#received(queue, await this.broker.take(queue, this.owner, room));
  }

  /** Messages that have arrived by now, if any. */
  takeArrived(queue: string, maximumSize: number): Message[] {
    return this.#isOver ? [] : this.#received(queue, this.broker.takeArrived(queue, maximumSize));
  }

  /** A life that was killed says nothing any more, whatever its timers still do. */
  end(): void {
    this.#isOver = true;
    this.break();
    this.#listeners.clear();
  }

  #received(queue: string, messages: readonly StoredMessage[]): Message[] {
    const epoch = this.#epoch;
    return messages.map((message) => {
      const held: Held = { queue, message };
      this.#held.add(held);
      const settle = (verb: string, settled: () => void) => {
        if (epoch !== this.#epoch) return;
        this.#send(`${verb} ${message.label}`, () => {
          if (this.#held.delete(held)) settled();
        });
      };
      return receivedMessage(message, {
        accept: () => settle("forgets", () => undefined),
        release: (failed) => settle("takes back", () => this.#giveBack(held, failed)),
      });
    });
  }

  /** What was under way has arrived or not, and what was held comes again. */
  break(): void {
    const underWay = [...this.#underWay];
    this.#underWay.clear();
    this.#epoch += 1;
    for (const { arrive, onBreak } of underWay) {
      if (this.#random.chance(0.5)) arrive();
      onBreak?.();
    }
    for (const held of this.#held) this.#giveBack(held, false);
    this.#held.clear();
    if (this.#isOver) return;
    const cause = new MessagingError("connection-lost", "The schedule broke the connection.");
    for (const state of [{ name: "reconnecting", attempt: 1, cause }, OPEN] as const) {
      for (const listener of [...this.#listeners]) listener(state);
    }
  }

  #send(name: string, arrive: () => void, onBreak?: () => void): void {
    if (this.#isOver) return;
    const underWay: UnderWay = { arrive, onBreak };
    this.#underWay.add(underWay);
    this.schedule.add(this.broker.actor, name, () => {
      if (this.#underWay.delete(underWay)) arrive();
    });
  }

  #giveBack({ queue, message }: Held, failed: boolean): void {
    message.redelivered = true;
    if (failed) message.attempts += 1;
    // What is not durable is not kept for a consumer that is gone.
    if (message.persistent) this.broker.put(queue, message);
  }
}
