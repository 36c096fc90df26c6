/** Messages that no release can read, sent to every queue at any time, and found again among the dead letters. */

import { type OutgoingMessage, queue } from "@quittance/sdk";
import { type Channel, DURABLE_CHANNELS, deadLetterAddress, destinationOf } from "../../dist/shared/queue-map.js";
import { END_PROPERTIES } from "../../dist/topology/channel-table.js";
import type { Random } from "./random.js";
import type { System } from "./system.js";
import { untilComplete } from "./until-complete.js";

/** Each is bad in its own way. */
const POISON: readonly OutgoingMessage[] = [
  { text: "not JSON {" },
  { json: { hello: "world" } },
  { bytes: new Uint8Array([0, 255, 1]) },
  { json: { version: 2, paymentId: "pay_from_the_future" } },
  {},
];

const PROPERTY = "chaos_poison";
/** A broker that was killed takes its time to come back on a busy machine. */
const SENT_WITHIN_MS = 180_000;
const FOUND_WITHIN_MS = 60_000;

export interface PoisonSent {
  /** What was sent to each channel, by the names that the messages carry. */
  readonly names: ReadonlyMap<Channel, readonly string[]>;
}

/** A topic's readers take what their selectors choose: each is given its own. */
function formsOf({ kind }: Channel): readonly object[] {
  return kind === "topic" ? [{}, END_PROPERTIES] : [{}];
}

/** Sends five to each reader of each durable channel, in an order and with pauses that `random` draws. Resolves when all are sent. */
export async function sendPoison(system: System, random: Random, round: number): Promise<PoisonSent> {
  const names = new Map<Channel, string[]>(DURABLE_CHANNELS.map((channel) => [channel, []]));
  const all = DURABLE_CHANNELS.flatMap((channel) =>
    formsOf(channel).flatMap((form, reader) =>
      POISON.map((message, place) => {
        const name = `${round}-${channel.address}-${reader}-${place}`;
        return { channel, message: { ...message, properties: { ...form, [PROPERTY]: name } }, name };
      }),
    ),
  );
  for (const { channel, message, name } of random.sample(all, all.length)) {
    await send(system, channel, message, name);
    names.get(channel)?.push(name);
    await new Promise((resolve) => setTimeout(resolve, random.between(0, 60)));
  }
  return { names };
}

/** Sends until the broker has it; the duplicate-detection id keeps it from having it twice. */
async function send(system: System, channel: Channel, message: OutgoingMessage, duplicateId: string): Promise<void> {
  await untilComplete(async () => {
    await using producer = await system.operator.createProducer(destinationOf(channel), {
      priority: channel.priority,
      sendTimeoutMs: 5_000,
    });
    await producer.send(message, { duplicateId });
    return undefined;
  }, SENT_WITHIN_MS);
}

/**
 * Takes every dead letter, and compares them with the poison: each piece must be there, more than once when its
 * reader died after it had set it aside; and nothing else.
 * @returns what is wrong, in sentences.
 */
export async function takeDeadLetters(system: System, sent: PoisonSent | undefined): Promise<string[]> {
  const wrong: string[] = [];
  for (const channel of DURABLE_CHANNELS) {
    const expected = sent?.names.get(channel) ?? [];
    const found = new Set<string>();
    await using consumer = await system.operator.createConsumer(queue(deadLetterAddress(channel)));
    const missing = () => expected.filter((name) => !found.has(name));
    const take = async (timeoutMs: number) => {
      const letter = await consumer.receive({ timeoutMs });
      if (letter === undefined) return false;
      const name = letter.properties[PROPERTY];
      if (typeof name === "string" && expected.includes(name)) found.add(name);
      else {
        const reason = String(letter.properties.dead_letter_reason ?? "the broker's own");
        wrong.push(`a dead letter of ${channel.address} that is no poison (${reason}): ${letter.text?.slice(0, 300)}`);
      }
      letter.accept();
      return true;
    };
    await untilComplete(async () => {
      while (await take(expected.length === 0 ? 50 : 200));
      return missing().length === 0 ? undefined : `no dead letter for ${missing().join(", ")}`;
    }, FOUND_WITHIN_MS).catch((error: Error) => wrong.push(error.message));
  }
  return wrong;
}
