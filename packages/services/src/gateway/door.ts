import type { ClientAuth, Tls } from "../platform/tls.js";

/** A way into the gateway: something that listens. */

/** The certificates that a door serves with, if the process has any, and whether it asks its callers for theirs. */
export interface DoorSecurity {
  readonly tls: Tls;
  readonly clientAuth: ClientAuth;
}

export interface Door {
  /** The TCP port that it listens on. */
  readonly port: number;
  /** Takes no more calls, lets those under way end within `timeoutMs`, and closes. */
  drain(options: { readonly timeoutMs: number }): Promise<void>;
}
