/** Who is signed in, and what this session may do. */
import { computed, signal } from "@preact/signals";

const KEPT_AT = "quittance.token";
const MERCHANTS_KEPT_AT = "quittance.merchant-token";
const FRAGMENT = "#token=";

/** Whose token it is, and what it may be used for. */
export interface Session {
  readonly subject: string;
  readonly scopes: readonly string[];
  /** Where a trace is shown, with `{traceId}` in its place; null when nobody said where. */
  readonly tracing: string | null;
}

export const token = signal<string | undefined>(tokenFromAddress() ?? sessionStorage.getItem(KEPT_AT) ?? undefined);

/**
 * A merchant's token beside that of the operator: payments to refund, webhooks and events are a merchant's own, and no
 * operator's scope opens them.
 */
export const merchantToken = signal<string | undefined>(sessionStorage.getItem(MERCHANTS_KEPT_AT) ?? undefined);

/** Known once the service has accepted the token. */
export const session = signal<Session | undefined>(undefined);

/** Whether the reader has allowed changes, which ends with the page. */
export const changesAllowed = signal(false);

/** Why the reader was signed out, when the service did it. */
export const signedOutBecause = signal<"expired" | undefined>(undefined);

const scopes = computed(() => new Set(session.value?.scopes ?? []));

const merchantScopes = computed(() => new Set(String(claimsOf(merchantToken.value).scope ?? "").split(" ")));

/** Whether one of the tokens has a scope. */
export function hasScope(scope: string): boolean {
  return scopes.value.has(scope) || merchantScopes.value.has(scope);
}

/** The token for a call that needs `scope`. */
export function tokenFor(scope: string): string | undefined {
  return !scopes.value.has(scope) && merchantScopes.value.has(scope) ? merchantToken.value : token.value;
}

/** Whose payments, webhooks and events the API tells: undefined while no token is a merchant's. */
export function merchantFor(scope: string): string | undefined {
  if (scopes.value.has(scope)) return session.value?.subject;
  return merchantScopes.value.has(scope) ? String(claimsOf(merchantToken.value).sub) : undefined;
}

/** Whether to offer a change: the reader allowed changes, and a token has the scope. */
export function mayChange(scope: string): boolean {
  return changesAllowed.value && hasScope(scope);
}

/** Keeps a merchant's token for this tab; the service judges it at its first use. */
export function keepMerchantToken(pasted: string | undefined): void {
  if (pasted === undefined) sessionStorage.removeItem(MERCHANTS_KEPT_AT);
  else sessionStorage.setItem(MERCHANTS_KEPT_AT, pasted);
  merchantToken.value = pasted;
}

/** What a token says of itself, for what is offered alone. Empty when it is no JWT. */
function claimsOf(jwt: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const part = (jwt ?? "").split(".")[1] ?? "";
    return JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/"))) as Record<string, unknown>;
  } catch {
    return {};
  }
}

export function signIn(newToken: string, known: Session): void {
  sessionStorage.setItem(KEPT_AT, newToken);
  token.value = newToken;
  session.value = known;
  signedOutBecause.value = undefined;
}

export function signOut(because?: "expired"): void {
  sessionStorage.removeItem(KEPT_AT);
  keepMerchantToken(undefined);
  token.value = undefined;
  session.value = undefined;
  changesAllowed.value = false;
  signedOutBecause.value = because;
}

/** The token that the address holds when `npm start` printed it. It is removed, so that no history keeps it. */
function tokenFromAddress(): string | undefined {
  if (!location.hash.startsWith(FRAGMENT)) return undefined;
  const found = decodeURIComponent(location.hash.slice(FRAGMENT.length));
  history.replaceState(null, "", location.pathname + location.search);
  sessionStorage.setItem(KEPT_AT, found);
  return found;
}
