/** Looks at dead-letter queues, and takes nothing from them. */
import type { Connection } from "@quittance/sdk";
import { type Channel, DURABLE_CHANNELS, deadLetterAddress, deadLetterDestination } from "../../shared/queue-map.js";
import { type CommandCall, textOption, UsageError } from "./command.js";
import type { FoundLetter } from "./letter-view.js";

/** The channels that --queue names, by their own address or that of their dead-letter queue; all of them without it. */
export function channelsOf(call: CommandCall): readonly Channel[] {
  const name = textOption(call, "queue");
  if (name === undefined) return DURABLE_CHANNELS;
  const found = DURABLE_CHANNELS.filter((channel) => channel.address === name || deadLetterAddress(channel) === name);
  if (found.length > 0) return found;
  throw new UsageError(
    `There is no "${name}": --queue is one of ${DURABLE_CHANNELS.map(({ address }) => address).join(", ")}.`,
  );
}

/** The letters that --queue and --selector name, at most `maximum` of each queue, one queue after the other. */
export async function findLetters(call: CommandCall, connection: Connection, maximum: number): Promise<FoundLetter[]> {
  const selector = textOption(call, "selector");
  const found: FoundLetter[] = [];
  for (const channel of channelsOf(call)) {
    const letters = await connection
      .deadLetters(deadLetterDestination(channel))
      .list({ maximum, ...(selector !== undefined && { selector }) });
    found.push(...letters.map((letter) => ({ channel, letter })));
  }
  return found;
}

/** One letter, on whichever of the queues it lies. */
export async function findLetter(
  call: CommandCall,
  connection: Connection,
  id: string,
): Promise<FoundLetter | undefined> {
  for (const channel of channelsOf(call)) {
    const letter = await connection.deadLetters(deadLetterDestination(channel)).read(id);
    if (letter !== undefined) return { channel, letter };
  }
  return undefined;
}
