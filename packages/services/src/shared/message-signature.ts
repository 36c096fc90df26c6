/**
 * Who wrote a message: HMAC-SHA256 under a key that its writer and its reader alone have. The broker's users have
 * passwords as well, but whoever steals one of them still cannot write what another service believes.
 */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import type { Message } from "@quittance/sdk";
import { serviceMeter } from "../platform/meter.js";
import type { MessageKind } from "../topology/channel-table.js";
import type { ServiceName } from "../topology/system-table.js";
import type { MessageKeys } from "./message-keys.js";
import { MESSAGE_KINDS } from "./message-kinds.js";

/** The JMS property that carries the signature for the first reader of a kind, 43 characters of base64url. */
const SIGNATURE_PROPERTY = "signature";

/** The JMS property that carries the signature for `reader`: those of further readers are named after them. */
function signaturePropertyOf(kind: MessageKind, reader: ServiceName): string {
  if (MESSAGE_KINDS[kind].readers[0] === reader) return SIGNATURE_PROPERTY;
  return `${SIGNATURE_PROPERTY}_${reader.replaceAll("-", "_")}`;
}

/** Why a message is not believed. */
export type SignatureProblem = "unsigned" | "signature does not fit";

/** What is signed instead of an address of which nobody knows the name before. */
const REPLY_ADDRESS = "reply";

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
    const { writer, readers } = MESSAGE_KINDS[kind];
    const signatures: Record<string, string> = {};
    for (const reader of readers) {
      const key = this.#keys.get(reader)?.[0];
      if (writer !== this.service || key === undefined) throw new Error(`${this.service} does not write ${kind}.`);
      signatures[signaturePropertyOf(kind, reader)] = signatureOf(key, { kind, reader }, text, correlationId);
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
    const { writer, readers } = MESSAGE_KINDS[kind];
    const reader = this.service;
    if (!readers.includes(reader)) throw new Error(`${reader} does not read ${kind}.`);
    const { text, correlationId } = message;
    const signature = message.properties[signaturePropertyOf(kind, reader)];
    if (text === undefined || typeof signature !== "string" || signature === "") return "unsigned";
    const given = Buffer.from(signature);
    for (const key of this.#keys.get(writer) ?? []) {
      const expected = Buffer.from(signatureOf(key, { kind, reader }, text, correlationId));
      if (given.length === expected.length && timingSafeEqual(given, expected)) {
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
 * Over writer, reader, address, kind and text. An answer is bound to its question as well, by the correlation id, which
 * is preceded by its length so that no part can be taken for a part of another.
 */
function signatureOf(
  key: KeyObject,
  { kind, reader }: { readonly kind: MessageKind; readonly reader: ServiceName },
  text: string,
  correlationId: string | undefined,
): string {
  const { writer, channel } = MESSAGE_KINDS[kind];
  const about = channel === undefined ? (correlationId ?? "") : "";
  const place = `${writer}>${reader}\n${channel?.address ?? REPLY_ADDRESS}\n${kind}\n${about.length}:${about}\n`;
  return createHmac("sha256", key).update(place).update(text).digest("base64url");
}
