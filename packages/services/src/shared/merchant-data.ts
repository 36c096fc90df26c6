/**
 * What a merchant attaches to a payment or a refund for its own use. It is carried and kept as it was given, and decides
 * nothing. Most have none: nothing is carried or kept then.
 */
import { z } from "zod";
import { countCharacters } from "./plain-text.js";
import type { FieldPair } from "./request-id-reuse.js";

/** Characters of a client_reference. */
export const MAXIMUM_REFERENCE = 100;
/** Keys of metadata. */
export const MAXIMUM_METADATA_KEYS = 50;
/** Characters of a value. */
export const MAXIMUM_METADATA_VALUE = 500;
/** Bytes in UTF-8 of all keys and values: a row with them still fits on a page, and 50 of them in a message. */
export const MAXIMUM_METADATA_BYTES = 4_096;
/** The first character is none that gives a property of JavaScript another meaning, as in `__proto__`. */
export const METADATA_KEY = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/;

export type Metadata = Readonly<Record<string, string>>;

/** Absent where a merchant gave none; never empty. */
export interface MerchantData {
  readonly clientReference?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** The fields of the messages that carry it. */
export const merchantDataFields = {
  clientReference: z
    .string()
    .min(1)
    .refine((text) => countCharacters(text) <= MAXIMUM_REFERENCE)
    .optional(),
  metadata: z
    .record(
      z.string().regex(METADATA_KEY),
      z.string().refine((text) => countCharacters(text) <= MAXIMUM_METADATA_VALUE),
    )
    .refine((metadata) => {
      const keys = Object.keys(metadata).length;
      return keys > 0 && keys <= MAXIMUM_METADATA_KEYS && metadataBytes(metadata) <= MAXIMUM_METADATA_BYTES;
    })
    .optional(),
};

/** The same in a view, whose bounds the reader does not check. */
export const merchantDataView = {
  clientReference: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
};

/** The two columns of a row in which it is kept: null where there is none. */
export interface MerchantDataColumns {
  readonly clientReference: string | null;
  readonly metadata: Metadata | null;
}

export function merchantDataColumns({ clientReference, metadata }: MerchantData): MerchantDataColumns {
  return { clientReference: clientReference ?? null, metadata: metadata ?? null };
}

/** What a row holds of it, as messages and views carry it. */
export function merchantDataOf({ clientReference, metadata }: MerchantDataColumns): MerchantData {
  return { ...(clientReference !== null && { clientReference }), ...(metadata !== null && { metadata }) };
}

/** Its fields of an order, a message or a view, and no others; nothing where there is none. */
export function merchantDataIn({ clientReference, metadata }: MerchantData): MerchantData {
  return { ...(clientReference !== undefined && { clientReference }), ...(metadata !== undefined && { metadata }) };
}

/** Bytes in UTF-8 of all keys and values. */
export function metadataBytes(metadata: Metadata): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata)) bytes += key.length + Buffer.byteLength(value);
  return bytes;
}

/** The keys in one order, each with its value behind it: the same list for the same metadata, however it was written. */
export function orderedMetadata(metadata: Metadata): string[] {
  return Object.keys(metadata)
    .sort()
    .flatMap((key) => [key, metadata[key] ?? ""]);
}

/** Its fields, of the first request and of another one, to find out in what these differ. */
export function merchantDataPairs(first: MerchantDataColumns, other: MerchantData): FieldPair[] {
  return [
    ["client_reference", first.clientReference ?? "", other.clientReference ?? ""],
    [
      "metadata",
      JSON.stringify(orderedMetadata(first.metadata ?? {})),
      JSON.stringify(orderedMetadata(other.metadata ?? {})),
    ],
  ];
}
