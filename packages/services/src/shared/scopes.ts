/** What a token may be used for: the scopes of the API, which the proto of each method names. */

/** Those of a merchant: each is about the merchant's own things. */
export const MERCHANT_SCOPES = [
  "payments:write",
  "payments:read",
  "merchant:read",
  "webhooks:write",
  "webhooks:read",
  "notifications:write",
  "notifications:read",
] as const;
/** Those of an operator, who sees every merchant and client. */
export const OPERATOR_SCOPES = [
  "accounts:write",
  "accounts:read",
  "templates:write",
  "templates:read",
  // The console's own: no method of the API needs them.
  "operations:write",
  "operations:read",
] as const;

export const SCOPES = [...MERCHANT_SCOPES, ...OPERATOR_SCOPES] as const;
export type Scope = (typeof SCOPES)[number];

/** Whether there is such a scope. */
export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
