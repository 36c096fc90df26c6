/** The largest amount of one payment, by currency. */
import { isCurrency } from "../shared/currencies.js";

/** No sum of amounts up to this can overflow a column of 64 bits. */
export const LARGEST_MAXIMUM = 1_000_000_000_000_000n;

/** Asked for the largest amount in each currency, in its minor units. */
export interface MaximumAmounts {
  of(currencyCode: string): bigint;
}

/** `usual` minor units in every currency that `exceptions` does not name. */
export function maximumAmounts(usual: bigint, exceptions: ReadonlyMap<string, bigint>): MaximumAmounts {
  return { of: (currencyCode) => exceptions.get(currencyCode) ?? usual };
}

/**
 * Reads the exceptions, for example `JPY=100000000,KWD=500000`.
 * @throws Error with a sentence that starts with "must", for the operator.
 */
export function readMaximumAmounts(text: string): ReadonlyMap<string, bigint> {
  const exceptions = new Map<string, bigint>();
  for (const entry of text.split(",")) {
    const match = /^\s*([A-Z]{3})=([1-9][0-9]{0,15})\s*$/.exec(entry);
    const [, code = "", units = "0"] = match ?? [];
    if (match === null || !isCurrency(code) || BigInt(units) > LARGEST_MAXIMUM) {
      throw new Error(
        `must be currencies of ISO 4217 with minor units of 1 to ${LARGEST_MAXIMUM}, for example JPY=100000000,KWD=500000`,
      );
    }
    if (exceptions.has(code)) throw new Error(`must name each currency once: ${code} is there twice`);
    exceptions.set(code, BigInt(units));
  }
  return exceptions;
}
