/** Which messages of one payment wait on the cycle's queues, and which are dead letters. */
import { type Connection, type Message, queue } from "@quittance/sdk";
import { CHANNELS, type Channel, DURABLE_CHANNELS, deadLetterAddress } from "../../shared/queue-map.js";
import { maskCardNumbers, maskMessageId } from "./mask-card-numbers.js";

/** A payment that is just accepted, and a refund that no bank has recorded yet, name the payment in the body alone. */
const NAMED_IN_BODY: ReadonlySet<Channel> = new Set([CHANNELS.payment, CHANNELS.refund, CHANNELS.refundResult]);
/** Messages of one queue that are looked through for those that name the payment in their body alone. */
const MAXIMUM_SCANNED = 1_000;

export interface PaymentMessage {
  readonly state: "waits" | "dead";
  /** The queue that it is on: an address, or `address::queue` for a subscription of a topic. */
  readonly queue: string;
  /** The address that it was sent to. */
  readonly address: string;
  readonly messageId: string | null;
  /** When it was sent or, if it is dead, set aside. */
  readonly since: Date | null;
  /** How often it was offered before. */
  readonly deliveries: number;
  /** Why it is dead; null when nobody noted it. */
  readonly reason: string | null;
}

/** The queue of a topic's durable subscription, as the broker names it. */
export function subscriptionQueue(channel: Channel, subscription: string): string {
  return `${channel.address}::${subscription}:global`;
}

/**
 * Looks without taking. What a service has in its hands at this moment, and what the broker holds back until later, is
 * not seen.
 * @param ids the payment's, and those of its refunds that are known.
 * @throws MessagingError
 */
export async function findPaymentMessages(
  connection: Connection,
  paymentId: string,
  ids: readonly string[],
): Promise<PaymentMessage[]> {
  const selector = `JMSCorrelationID IN (${[paymentId, ...ids].map((id) => `'${id}'`).join(", ")})`;
  const found: PaymentMessage[] = [];
  for (const channel of DURABLE_CHANNELS) {
    const waiting =
      channel.kind === "queue"
        ? [channel.address]
        : channel.subscriptions.map(({ name }) => subscriptionQueue(channel, name));
    const places = [
      ...waiting.map((place) => ({ place, state: "waits" }) as const),
      { place: deadLetterAddress(channel), state: "dead" } as const,
    ];
    for (const { place, state } of places) {
      const options = NAMED_IN_BODY.has(channel) ? {} : { selector };
      await using browser = await connection.createBrowser(queue(place), options);
      let scanned = 0;
      for await (const message of browser) {
        if ("selector" in options || isAbout(message, paymentId)) found.push(describe(message, state, place, channel));
        scanned += 1;
        if (scanned === MAXIMUM_SCANNED) break;
      }
    }
  }
  return found;
}

function isAbout({ text }: Message, paymentId: string): boolean {
  return text?.includes(paymentId) === true;
}

function describe(message: Message, state: PaymentMessage["state"], place: string, channel: Channel): PaymentMessage {
  const { properties, timestampMs, messageId } = message;
  const timeMs = Number(properties.dead_letter_time ?? timestampMs);
  const reason = properties.dead_letter_reason;
  return {
    state,
    queue: place,
    address: channel.address,
    messageId: messageId === undefined ? null : maskMessageId(messageId),
    since: timeMs > 0 && timeMs < 8.64e15 ? new Date(timeMs) : null,
    deliveries: message.deliveryCount - 1,
    reason: state === "dead" && reason !== undefined ? maskCardNumbers(String(reason)) : null,
  };
}
