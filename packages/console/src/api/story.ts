/** The story of one payment: what an operator's process knows of it over all services. */
import type { PaymentMessage } from "../../../services/dist/operator/cli/payment-messages.js";
import type { PaymentStory } from "../../../services/dist/operator/cli/payment-story.js";
import type { Hanging, TimelineEvent } from "../../../services/dist/operator/cli/payment-timeline.js";
import { request } from "./call.js";

/** What is left of a value after JSON: times and whole numbers of 64 bits are texts. */
export type Json<Value> = Value extends Date | bigint
  ? string
  : Value extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : Value extends object
      ? { readonly [Name in keyof Value]: Json<Value[Name]> }
      : Value;

export type Story = Json<PaymentStory> & {
  readonly traceId: string | null;
  readonly timeline: readonly Json<TimelineEvent>[];
  readonly hanging: readonly Json<Hanging>[];
  /** Absent when the broker could not be looked into. */
  readonly messages?: readonly Json<PaymentMessage>[];
  readonly unready: Readonly<Record<string, string>>;
};
export type StoryEvent = Story["timeline"][number];
export type StoryEntry = Story["entries"][number];

/** @throws Problem when nobody knows the payment. */
export function readStory(payment: string, signal: AbortSignal): Promise<Story> {
  return request("GET", `/console/v1/payments/${encodeURIComponent(payment)}/story`, { signal });
}
