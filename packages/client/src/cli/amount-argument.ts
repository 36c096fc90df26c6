/** Amounts in the argument list: `"EUR 12.50"`, or `EUR 12.50` as two words. */
import { parseAmount } from "../amounts.js";
import type { Money } from "../gen/resources.js";
import { UsageError } from "./command.js";

/** @throws UsageError which says how an amount is written. */
export function amountArgument(text: string): Money {
  try {
    return parseAmount(text);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
