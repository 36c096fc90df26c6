/** Questions that are answered over the broker. */
import type { Message } from "./message.js";

/** Options of {@link Connection.request}; each default in brackets. */
export interface RequestOptions {
  /** [5,000] */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Options of {@link Connection.respond}; each default in brackets. */
export interface RespondOptions {
  /** Requests being answered at once [64]. */
  readonly concurrency?: number;
  /**
   * Whether a request may be answered at its reply address, which its sender chose. One that may not is rejected, and
   * told to `onError`: nobody makes the responder write to somebody else's queue [any address].
   */
  readonly mayReplyTo?: (request: Message) => boolean;
  /**
   * Called for each request whose answer failed; the request is then released as failed. Called for each reply that
   * could not be sent, too, for example because it is larger than the broker takes: its requester fails at once with
   * `rejected`, or with the code of a failure that passes [{@link ConnectOptions.onError}].
   */
  readonly onError?: (error: unknown, request: Message) => void;
}

/** Answers requests until it is drained or disposed of. */
export interface Responder extends AsyncDisposable {
  /** Stops taking requests, waits for those being answered (at most `timeoutMs`, default 10,000), closes. */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>;
}
