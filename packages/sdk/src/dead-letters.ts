/** What was set aside, to look at, to replay or to discard. */
import type { Destination } from "./destination.js";
import type { Message, OutgoingProperty } from "./message.js";

/** A dead letter, and what a processor noted on it; brokers that set messages aside themselves note none of it. */
export interface DeadLetter {
  /** Names it for `read`, `replay` and `discard`. */
  readonly messageId: string | undefined;
  /** The queue that it was read from; undefined for a subscription of a topic, and where nobody noted it. */
  readonly origin: Destination | undefined;
  readonly reason: string | undefined;
  /** `poison`, `permanent`, `unknown`, `crash` or `application`. */
  readonly errorClass: string | undefined;
  readonly processor: string | undefined;
  readonly attempts: number | undefined;
  /** When it was set aside, in milliseconds since 1970. */
  readonly timeMs: number | undefined;
  /** The letter itself. Settling it means nothing. */
  readonly message: Message;
}

/** The letters of one queue. Looking takes none of them away from others who look or work there. */
export interface DeadLetters {
  readonly destination: Destination;
  /** Up to `maximum` letters [100] in the order of the queue, those that a JMS selector over headers and properties fits. */
  list(options?: { readonly maximum?: number; readonly selector?: string }): Promise<DeadLetter[]>;
  /** One letter, or undefined when it is not there. */
  read(messageId: string): Promise<DeadLetter | undefined>;
  /**
   * Sends the message again, as it was, to its origin or to `to`, and removes the letter. One transaction does both:
   * whatever breaks, there is one of them, never none or two. Its delivery count starts again, and it has the
   * properties `replay_count`, `replay_letter` and `replay_time`. `properties` are added to the message, for example
   * who replayed it and why. Resolves to whether the letter was there, or false when another has it.
   * @throws MessagingError `invalid-argument` where there is neither origin nor `to`, what a send may throw, and what
   * {@link Connection.transaction} may throw: the letter then stays. Only after `in-doubt` may it be gone; it is then
   * where it was sent.
   */
  replay(
    messageId: string,
    options?: { readonly to?: Destination; readonly properties?: Readonly<Record<string, OutgoingProperty>> },
  ): Promise<boolean>;
  /** Removes the letter for good. Resolves as `replay`. */
  discard(messageId: string): Promise<boolean>;
}
