/** One field of a request that is wrong. The description never holds the value. */
export interface Violation {
  /** The path in the proto, for example `card.expiry_month`. */
  readonly field: string;
  readonly description: string;
}

/** So many wrong fields are named in one answer. */
export const MAXIMUM_VIOLATIONS = 20;

/** The sentence that names the wrong fields, each once. @param further how many more are wrong */
export function wrongFields(violations: readonly Violation[], further = 0): string {
  const names = [...new Set(violations.map(({ field }) => field))].join(", ");
  return `The request has wrong fields: ${names}${further === 0 ? "" : `, and ${further} more`}.`;
}
