/**
 * Who wrote a message: HMAC-SHA256 under a key that its writer and its reader alone have. The broker's users have
 * passwords as well, but whoever steals one of them still cannot write what another service believes.
 */
import { timingSafeEqual } from "node:crypto";
import type { Message } from "@quittance/sdk";
import { hmacSha256 } from "../platform/hmac.js";
import { serviceMeter } from "../platform/meter.js";
import type { MessageKind } from "../topology/channel-table.js";
import type { ServiceName } from "../topology/system-table.js";
import type { MessageKeys } from "./message-keys.js";
import { ALL_MESSAGE_KINDS, MESSAGE_KINDS } from "./message-kinds.js";

/** The JMS property that carries the signature for the first reader of a kind, 43 characters of base64url. */
const SIGNATURE_PROPERTY = "signature";

/** Why a message is not believed. */
export type SignatureProblem = "unsigned" | "signature does not fit";

/** What is signed instead of an address whose name nobody knows in advance. */
const REPLY_ADDRESS = "reply";

/** Where a kind of message goes from its writer to one reader, and what is signed of that beside the text. */
interface SignedWay {
  readonly reader: ServiceName;
  /** The JMS property that carries the signature for this reader: those of further readers are named after them. */
  readonly property: string;
  /** Writer, reader, address and kind. */
  readonly about: string;
  /** An answer, which is bound to its question by the correlation id. */
  readonly isAnswer: boolean;
}

/** The ways of each kind, in the order of its readers. */
const WAYS = Object.fromEntries(
  ALL_MESSAGE_KINDS.map((kind) => {
    const { writer, readers, channel } = MESSAGE_KINDS[kind];
    const ways = readers.map((reader, place): SignedWay => {
      const ofFurther = place === 0 ? "" : `_${reader.replaceAll("-", "_")}`;
      return {
        reader,
        property: `${SIGNATURE_PROPERTY}${ofFurther}`,
        about: `${writer}>${reader}\n${channel?.address ?? REPLY_ADDRESS}\n${kind}\n`,
        isAnswer: channel === undefined,
      };
    });
    return [kind, ways];
  }),
) as unknown as Readonly<Record<MessageKind, readonly SignedWay[]>>;

/** The signatures of one service. */
export class MessageSignatures {
  /** Whose they are. */
  readonly service: ServiceName;
  readonly #keys: MessageKeys;
  /** Writers of whom this process has seen a signature that fits: their keys and ours are the same. */
  readonly #proven = new Set<ServiceName>();
  readonly #refused = serviceMeter().createCounter("quittance.messages.refused", {
    description: "Messages that were not believed: unsigned, or with a signature that does not fit.",
    unit: "{message}",
  });

  constructor(service: ServiceName, keys: MessageKeys) {
    this.service = service;
    this.#keys = keys;
  }

  /** The properties that sign a message of this service's, one for each reader. `correlationId` counts for answers. */
  sign(kind: MessageKind, text: string, correlationId: string | undefined): Record<string, string> {
    const isWriter = MESSAGE_KINDS[kind].writer === this.service;
    const signatures: Record<string, string> = {};
    for (const way of WAYS[kind]) {
      const key = this.#keys.get(way.reader)?.[0];
      if (!isWriter || key === undefined) throw new Error(`${this.service} does not write ${kind}.`);
      signatures[way.property] = hmacSha256(key, signedText(way, text, correlationId));
    }
    return signatures;
  }

  /**
   * What keeps this service from believing a message of this kind; undefined when its writer signed exactly this text
   * as this kind for this service. Takes some microseconds.
   */
  problemOf(
    kind: MessageKind,
    message: Pick<Message, "text" | "properties" | "correlationId">,
  ): SignatureProblem | undefined {
    const { writer } = MESSAGE_KINDS[kind];
    const way = WAYS[kind].find(({ reader }) => reader === this.service);
    if (way === undefined) throw new Error(`${this.service} does not read ${kind}.`);
    const { text, correlationId } = message;
    const signature = message.properties[way.property];
    if (text === undefined || typeof signature !== "string" || signature === "") return "unsigned";
    const signed = signedText(way, text, correlationId);
    for (const key of this.#keys.get(writer) ?? []) {
      if (isSame(signature, hmacSha256(key, signed))) {
        this.#proven.add(writer);
        return undefined;
      }
    }
    return "signature does not fit";
  }

  /**
   * Whether a signature of the writer of this kind has fitted before. Until one has, a signature that does not fit may
   * mean that writer and reader were given different keys.
   */
  keysAreProven(kind: MessageKind): boolean {
    return this.#proven.has(MESSAGE_KINDS[kind].writer);
  }

  /** Counts a message that was not believed. */
  countRefused(kind: MessageKind, problem: SignatureProblem): void {
    this.#refused.add(1, { "quittance.message.kind": kind, "quittance.message.problem": problem });
  }
}

/**
 * Writer, reader, address, kind and text. An answer is bound to its question as well, by the correlation id, which is
 * preceded by its length so that no part can be taken for a part of another.
 */
function signedText({ about, isAnswer }: SignedWay, text: string, correlationId: string | undefined): string {
  const question = isAnswer ? (correlationId ?? "") : "";
  return `${about}${question.length}:${question}\n${text}`;
}

const SIGNATURE_BYTES = 43;
const GIVEN = Buffer.alloc(SIGNATURE_BYTES);
const EXPECTED = Buffer.alloc(SIGNATURE_BYTES);

/** Whether a signature is the expected one, in a time that does not tell how much of it is. */
function isSame(given: string, expected: string): boolean {
  if (given.length !== expected.length) return false;
  GIVEN.fill(0).write(given, "utf8");
  EXPECTED.write(expected, "latin1");
  return timingSafeEqual(GIVEN, EXPECTED);
}
