/** What is known of one payment, put together of databases, broker and services, for the command line and the console. */
import type { Connection } from "@quittance/sdk";
import type pg from "pg";
import { findPaymentMessages, type PaymentMessage } from "./payment-messages.js";
import { type PaymentStory, readPaymentStory } from "./payment-story.js";
import { type Hanging, hangingOf, type TimelineEvent, timelineOf, withMessages } from "./payment-timeline.js";

/** Where the parts come from. */
export interface StorySources {
  onDatabase<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** Resolves with undefined when no broker is named, or it is away: what the databases know is told all the same. */
  onBroker<T>(work: (connection: Connection) => Promise<T>): Promise<T | undefined>;
  /** One sentence for each service that is not ready, by its name; asked when the payment waits for one. */
  unready(): Promise<ReadonlyMap<string, string>>;
}

/** The story of a payment, as `explain --json` has it. */
export interface Explanation extends PaymentStory {
  readonly traceId: string | null;
  readonly timeline: readonly TimelineEvent[];
  readonly hanging: readonly Hanging[];
  /** Undefined when the broker's queues could not be looked into. */
  readonly messages: readonly PaymentMessage[] | undefined;
  readonly unready: Readonly<Record<string, string>>;
}

/** @throws the driver's errors. */
export async function explainPayment(sources: StorySources, id: string): Promise<Explanation> {
  const story = await sources.onDatabase((client) => readPaymentStory(client, id));
  const refundIds = story.refunds.map((refund) => refund.id);
  const messages = await sources.onBroker((connection) => findPaymentMessages(connection, story.id, refundIds));
  const hanging = messages === undefined ? hangingOf(story) : withMessages(hangingOf(story), messages);
  const unready = hanging.length > 0 ? await sources.unready() : new Map<string, string>();
  return {
    ...story,
    traceId: story.notifications.find((one) => one.traceId !== null)?.traceId ?? null,
    timeline: timelineOf(story),
    hanging,
    messages,
    unready: Object.fromEntries(unready),
  };
}

/** Whether nobody knows the payment. */
export function isUnknown({ timeline, messages = [] }: Explanation): boolean {
  return timeline.length === 0 && messages.length === 0;
}
