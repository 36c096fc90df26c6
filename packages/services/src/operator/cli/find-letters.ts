/** Looks at dead-letter queues, and takes nothing from them. */
import type { Connection } from "@quittance/sdk";
import { type Channel, DURABLE_CHANNELS, deadLetterAddress, deadLetterDestination } from "../../shared/queue-map.js";
import { type CommandCall, textOption, UsageError } from "./command.js";
import type { FoundLetter } from "./letter-view.js";

/** Where letters are looked for, and which. */
export interface LetterSearch {
  readonly channels: readonly Channel[];
  /** A JMS selector that they must fit [all]. */
  readonly selector?: string | undefined;
}

/** The channels of a name, their own address or that of their dead-letter queue; all of them without one. */
export function channelsNamed(name: string | undefined): readonly Channel[] {
  if (name === undefined) return DURABLE_CHANNELS;
  return DURABLE_CHANNELS.filter((channel) => channel.address === name || deadLetterAddress(channel) === name);
}

/** The channels that --queue names. @throws UsageError when there are none. */
export function channelsOf(call: CommandCall): readonly Channel[] {
  const name = textOption(call, "queue");
  const found = channelsNamed(name);
  if (found.length > 0) return found;
  throw new UsageError(
    `There is no "${name}": --queue is one of ${DURABLE_CHANNELS.map(({ address }) => address).join(", ")}.`,
  );
}

/** The letters that --queue and --selector name. */
export function searchOf(call: CommandCall): LetterSearch {
  return { channels: channelsOf(call), selector: textOption(call, "selector") };
}

/** The letters of a search, at most `maximum` of each queue, one queue after the other. */
export async function findLetters(
  connection: Connection,
  { channels, selector }: LetterSearch,
  maximum: number,
): Promise<FoundLetter[]> {
  const found: FoundLetter[] = [];
  for (const channel of channels) {
    const letters = await connection
      .deadLetters(deadLetterDestination(channel))
      .list({ maximum, ...(selector !== undefined && { selector }) });
    found.push(...letters.map((letter) => ({ channel, letter })));
  }
  return found;
}

/** One letter, on whichever of the queues it lies. */
export async function findLetter(
  connection: Connection,
  channels: readonly Channel[],
  id: string,
): Promise<FoundLetter | undefined> {
  for (const channel of channels) {
    const letter = await connection.deadLetters(deadLetterDestination(channel)).read(id);
    if (letter !== undefined) return { channel, letter };
  }
  return undefined;
}
