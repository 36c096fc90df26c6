/** Pages of dead letters, one queue after the other, the oldest letter of each first. */
import type { Connection } from "@quittance/sdk";
import { unpackArray } from "../../shared/packed-array.js";
import { type Channel, deadLetterAddress } from "../../shared/queue-map.js";
import { channelsNamed, findLetters } from "../cli/find-letters.js";
import { type FoundLetter, type LetterLine, lineOf } from "../cli/letter-view.js";
import { maskMessageId } from "../cli/mask-card-numbers.js";

export const DEFAULT_PAGE_SIZE = 50;
export const MAXIMUM_PAGE_SIZE = 200;
/** A browser reads a queue from its beginning, so pages end there: the command line lists more. */
const MAXIMUM_PASSED_OVER = 10_000;

/** A letter in a list. */
export interface LetterInPage extends LetterLine {
  /** What names it in a path; null for one without an id, or whose id holds what could be a card number. */
  readonly letter: string | null;
}

export interface LetterPage {
  readonly letters: readonly LetterInPage[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** Where a page begins: letters of one queue that are passed over, and the queues before it. */
export interface PagePosition {
  readonly queue: string;
  readonly passedOver: number;
}

/** @param channels in the order of the pages. */
export async function readLetterPage(
  connection: Connection,
  channels: readonly Channel[],
  { pageSize, from }: { readonly pageSize: number; readonly from: PagePosition | undefined },
): Promise<LetterPage> {
  const letters: LetterInPage[] = [];
  const first = from === undefined ? 0 : channels.findIndex(({ address }) => address === from.queue);
  for (const [place, channel] of channels.slice(first).entries()) {
    const passedOver = place === 0 && from !== undefined ? from.passedOver : 0;
    const room = pageSize - letters.length;
    const found = await findLetters(connection, { channels: [channel] }, passedOver + room + 1);
    const shown = found.slice(passedOver, passedOver + room);
    letters.push(...shown.map((one) => ({ letter: letterName(one), ...lineOf(one) })));
    const next = passedOver + shown.length;
    if (found.length > next && next < MAXIMUM_PASSED_OVER) {
      return { letters, nextPageToken: writePosition({ queue: channel.address, passedOver: next }) };
    }
  }
  return { letters, nextPageToken: "" };
}

function writePosition({ queue, passedOver }: PagePosition): string {
  return Buffer.from(JSON.stringify([queue, passedOver])).toString("base64url");
}

/** The position of a page's token; undefined when it is none of these channels. */
export function readPosition(token: string, channels: readonly Channel[]): PagePosition | undefined {
  const [queue, passedOver] = unpackArray(token);
  const known = channels.some(({ address }) => address === queue);
  if (!known || !Number.isInteger(passedOver)) return undefined;
  const position = { queue: String(queue), passedOver: Number(passedOver) };
  return position.passedOver >= 0 && position.passedOver <= MAXIMUM_PASSED_OVER ? position : undefined;
}

/** What names a letter in a path: the queue that it lies on and its message id. */
export function letterName({ channel, letter: { messageId } }: FoundLetter): string | null {
  if (messageId === undefined || maskMessageId(messageId) !== messageId) return null;
  return Buffer.from(JSON.stringify([deadLetterAddress(channel), messageId])).toString("base64url");
}

/** The letter that a name is of; undefined when it is none. */
export function readLetterName(
  name: string,
): { readonly channels: readonly Channel[]; readonly messageId: string } | undefined {
  const [queue, messageId] = unpackArray(name);
  if (typeof queue !== "string" || typeof messageId !== "string") return undefined;
  const channels = channelsNamed(queue);
  return channels.length === 0 ? undefined : { channels, messageId };
}
