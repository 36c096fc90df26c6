/** The replies of a batch to the gateways that wait: those to one gateway leave in one message, where it reads that. */
import type { Destination, Message, Outgoing } from "@quittance/sdk";
import type { Envelopes } from "../shared/envelope.js";
import { type MerchantData, metadataBytes } from "../shared/merchant-data.js";
import { ANSWERS_IN_A_MESSAGE, MESSAGE_VERSION } from "../shared/messages.js";
import type { Gateways } from "./gateways.js";

/** Says that a payment or a refund is final. */
export interface FinalAnswer {
  /** Of the payment or refund. */
  readonly id: string;
  /** The message that names who waits. */
  readonly input: Message;
  readonly body: object;
  /** By {@link answerWeight}. */
  readonly weight: number;
}

/** Bytes of metadata that count as one more answer. Written as JSON they may be twice as many. */
const BYTES_OF_AN_ANSWER = 768;

/** How many of {@link ANSWERS_IN_A_MESSAGE} an answer that shows this counts as: one, unless it has metadata. */
export function answerWeight(...shown: readonly (MerchantData | undefined)[]): number {
  let bytes = 0;
  for (const data of shown) if (data?.metadata !== undefined) bytes += metadataBytes(data.metadata);
  return 1 + Math.ceil(bytes / BYTES_OF_AN_ANSWER);
}

interface ReplyKinds {
  readonly one: "gateway-reply" | "refund-reply";
  readonly several: "gateway-replies" | "refund-replies";
}

/**
 * What to send with each outcome of a batch, by its place; `answers` has nothing where nothing is final. They are
 * volatile: an answer that is lost can be read.
 */
export function finalReplies(
  { envelopes, gateways }: { readonly envelopes: Envelopes; readonly gateways: Gateways },
  kinds: ReplyKinds,
  answers: readonly (FinalAnswer | undefined)[],
): readonly (readonly Outgoing[])[] {
  const replies: Outgoing[][] = answers.map(() => []);
  const together = new Map<string, { readonly destination: Destination; readonly places: number[] }>();
  for (const [place, answer] of answers.entries()) {
    const destination = answer && envelopes.replyAddressOf(answer.input, answer.id);
    if (destination === undefined) continue;
    // A gateway that has sent no notice is of a release that reads one answer in a message.
    const key = gateways.readsSeveral(destination) ? destination.address : `${destination.address} ${place}`;
    const others = together.get(key);
    if (others === undefined) together.set(key, { destination, places: [place] });
    else others.places.push(place);
  }
  for (const { destination, places } of together.values()) {
    const of = (place: number) => answers[place] as FinalAnswer;
    for (const [first = 0, ...others] of messagesOf(places, (place) => of(place).weight)) {
      replies[first]?.push(
        others.length === 0
          ? envelopes.reply(kinds.one, { version: MESSAGE_VERSION, ...of(first).body }, destination, of(first).id)
          : envelopes.reply(
              kinds.several,
              { version: MESSAGE_VERSION, answers: [first, ...others].map((place) => of(place).body) },
              destination,
            ),
      );
    }
  }
  return replies;
}

/** The places in groups, each of which fits in one message. */
function messagesOf(places: readonly number[], weightOf: (place: number) => number): number[][] {
  const messages: number[][] = [];
  let room = 0;
  for (const place of places) {
    const weight = weightOf(place);
    if (weight > room) {
      messages.push([]);
      room = ANSWERS_IN_A_MESSAGE;
    }
    messages.at(-1)?.push(place);
    room -= weight;
  }
  return messages;
}
