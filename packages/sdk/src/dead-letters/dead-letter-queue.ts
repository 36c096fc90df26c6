/** A dead-letter queue in an operator's hands: look, replay, discard. */
import { checkDestination, checkNames, checkText, namesOf } from "../arguments.js";
import type { Connection } from "../connection.js";
import type { DeadLetter, DeadLetters } from "../dead-letters.js";
import type { Destination } from "../destination.js";
import { MessagingError } from "../errors.js";
import type { Message } from "../message.js";
import { replayedMessage } from "./replayed-message.js";

const DEFAULT_MAXIMUM = 100;
const LIST_OPTIONS = namesOf<NonNullable<Parameters<DeadLetters["list"]>[0]>>({ maximum: true, selector: true });
const REPLAY_OPTIONS = namesOf<NonNullable<Parameters<DeadLetters["replay"]>[1]>>({ to: true, properties: true });

export class DeadLetterQueue implements DeadLetters {
  readonly destination: Destination;
  readonly #connection: Connection;

  constructor(connection: Connection, destination: Destination) {
    checkDestination("The destination of dead letters", destination);
    if (destination.kind !== "queue") {
      throw new MessagingError(
        "invalid-argument",
        "Dead letters are looked at in a queue; name one queue of a topic's address as `address::queue`.",
        { destination: destination.address },
      );
    }
    this.#connection = connection;
    this.destination = destination;
  }

  async list(options: { readonly maximum?: number; readonly selector?: string } = {}): Promise<DeadLetter[]> {
    checkNames("The options of list", options, LIST_OPTIONS);
    const { maximum = DEFAULT_MAXIMUM, selector } = options;
    checkText("selector", selector);
    if (!Number.isSafeInteger(maximum) || maximum < 1) {
      throw new MessagingError("invalid-argument", "maximum must be a whole number of at least 1.");
    }
    await using browser = await this.#connection.createBrowser(
      this.destination,
      selector === undefined ? {} : { selector },
    );
    const letters: DeadLetter[] = [];
    for await (const message of browser) {
      letters.push(describe(message));
      if (letters.length === maximum) break;
    }
    return letters;
  }

  async read(messageId: string): Promise<DeadLetter | undefined> {
    const [letter] = await this.list({ maximum: 1, selector: selectorFor(messageId) });
    return letter;
  }

  async replay(messageId: string, options: Parameters<DeadLetters["replay"]>[1] = {}): Promise<boolean> {
    checkNames("The options of replay", options, REPLAY_OPTIONS);
    if (options.to !== undefined) checkDestination("to", options.to);
    return this.#withLetter(messageId, async (letter) => {
      const to = options.to ?? describe(letter).origin;
      if (to === undefined) {
        throw new MessagingError(
          "invalid-argument",
          `Letter ${messageId} does not say from which queue it came; name the destination in \`to\`.`,
          { destination: this.destination.address },
        );
      }
      const { message, options: sendOptions } = replayedMessage(letter, options.properties);
      // Both or neither: the letter may be the only one that there is of the message.
      await this.#connection.transaction(async (transaction) => {
        await transaction.send(to, message, sendOptions);
        transaction.accept(letter);
      });
    });
  }

  discard(messageId: string): Promise<boolean> {
    return this.#withLetter(messageId, async (letter) => letter.accept());
  }

  /** Takes one letter, which nobody else can take meanwhile; it stays where `work` fails and has not settled it. */
  async #withLetter(messageId: string, work: (letter: Message) => Promise<void>): Promise<boolean> {
    await using consumer = await this.#connection.createConsumer(this.destination, {
      selector: selectorFor(messageId),
      creditWindow: 1,
    });
    const letter = await consumer.receiveNoWait();
    if (letter === undefined) return false;
    try {
      await work(letter);
    } catch (error) {
      letter.release();
      throw error;
    }
    return true;
  }
}

function selectorFor(messageId: string): string {
  checkText("messageId", messageId ?? null);
  return `JMSMessageID = '${messageId.replaceAll("'", "''")}'`;
}

function describe(message: Message): DeadLetter {
  const { properties } = message;
  const text = (name: string) => {
    const value = properties[name];
    return value === undefined ? undefined : String(value);
  };
  const whole = (name: string) => {
    const value = Number(properties[name]);
    return Number.isSafeInteger(value) ? value : undefined;
  };
  const address = text("dead_letter_origin");
  const isQueue = text("dead_letter_origin_kind") !== "topic";
  return {
    messageId: message.messageId,
    origin: address !== undefined && address !== "" && isQueue ? { kind: "queue", address } : undefined,
    reason: text("dead_letter_reason"),
    errorClass: text("dead_letter_error_class"),
    processor: text("dead_letter_processor"),
    attempts: whole("dead_letter_attempts"),
    timeMs: whole("dead_letter_time"),
    message,
  };
}
