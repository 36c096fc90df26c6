/** The value of an enum without what all values of it begin with: `PAYMENT_STATE_SUCCEEDED` is `SUCCEEDED`. */
export function shortName(value: string, prefix: string): string {
  return value.startsWith(prefix) ? value.slice(prefix.length) : value;
}
