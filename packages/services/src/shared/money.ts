/** Amounts: whole minor units of an ISO 4217 currency, bigint in code, decimal text in JSON. Never a fraction. */
import { z } from "zod";

/** An amount in code. */
export interface Money {
  readonly currencyCode: string;
  readonly minorUnits: bigint;
}

/** An amount in a JSON message: JSON's numbers are doubles, so the units travel as decimal text. */
export const wireMoney = z.object({
  currencyCode: z.string().regex(/^[A-Z]{3}$/),
  minorUnits: z.string().regex(/^[1-9][0-9]{0,17}$/),
});
export type WireMoney = z.infer<typeof wireMoney>;

export function moneyFromWire(wire: WireMoney): Money {
  return { currencyCode: wire.currencyCode, minorUnits: BigInt(wire.minorUnits) };
}

export function moneyToWire(money: Money): WireMoney {
  return { currencyCode: money.currencyCode, minorUnits: money.minorUnits.toString() };
}
