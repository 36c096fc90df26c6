/** A way into the gateway: something that listens. */

export interface Door {
  /** The TCP port that it listens on. */
  readonly port: number;
  /** Takes no more calls, lets those under way end within `timeoutMs`, and closes. */
  drain(options: { readonly timeoutMs: number }): Promise<void>;
}
