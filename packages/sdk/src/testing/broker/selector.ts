import { DecodeError } from "../../amqp/codec-reader.js";
import type { ValueReader } from "./selector-identifiers.js";
import { parseSelector } from "./selector-parser.js";
import type { StoredMessage } from "./stored-message.js";

/** A JMS message selector. */
export class Selector {
  readonly text: string;
  readonly #evaluate: ValueReader;

  /** @throws InvalidSelector */
  constructor(text: string) {
    this.text = text;
    this.#evaluate = parseSelector(text);
  }

  /** A message is chosen when the selector is true for it, not when it is false or unknown. */
  matches(message: StoredMessage): boolean {
    try {
      return this.#evaluate(message) === true;
    } catch (error) {
      // Properties that cannot be read are not those that were asked for.
      if (error instanceof DecodeError) return false;
      throw error;
    }
  }
}
