/** One field of a request that is wrong. The description never holds the value. */
export interface Violation {
  /** The path in the proto, for example `card.expiry_month`. */
  readonly field: string;
  readonly description: string;
}
