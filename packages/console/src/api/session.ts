/** Who is signed in, and what this session may do. */
import { computed, signal } from "@preact/signals";

const KEPT_AT = "quittance.token";
const FRAGMENT = "#token=";

/** Whose token it is, and what it may be used for. */
export interface Session {
  readonly subject: string;
  readonly scopes: readonly string[];
}

export const token = signal<string | undefined>(tokenFromAddress() ?? sessionStorage.getItem(KEPT_AT) ?? undefined);

/** Known once the service has accepted the token. */
export const session = signal<Session | undefined>(undefined);

/** Whether the reader has allowed changes, which ends with the page. */
export const changesAllowed = signal(false);

/** Why the reader was signed out, when the service did it. */
export const signedOutBecause = signal<"expired" | undefined>(undefined);

const scopes = computed(() => new Set(session.value?.scopes ?? []));

/** Whether the token has a scope. */
export function hasScope(scope: string): boolean {
  return scopes.value.has(scope);
}

/** Whether to offer a change: the reader allowed changes, and the token has the scope. */
export function mayChange(scope: string): boolean {
  return changesAllowed.value && hasScope(scope);
}

export function signIn(newToken: string, known: Session): void {
  sessionStorage.setItem(KEPT_AT, newToken);
  token.value = newToken;
  session.value = known;
  signedOutBecause.value = undefined;
}

export function signOut(because?: "expired"): void {
  sessionStorage.removeItem(KEPT_AT);
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
