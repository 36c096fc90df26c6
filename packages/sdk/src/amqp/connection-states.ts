/** The state of a connection, and who listens to its changes. */
import { checkNames, checkSignal, checkWait, namesOf } from "../arguments.js";
import type { ConnectionState } from "../connection.js";
import { startDeadline } from "../deadline.js";
import { MessagingError } from "../errors.js";

interface ReadyOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const READY_OPTIONS = namesOf<ReadyOptions>({ timeoutMs: true, signal: true });

export class ConnectionStates {
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  readonly #closed = Promise.withResolvers<MessagingError | undefined>();
  #state: ConnectionState = { name: "connecting" };

  get now(): ConnectionState {
    return this.#state;
  }

  /** @returns what ends the listening */
  listen(listener: (state: ConnectionState) => void): () => void {
    // A wrapper of its own for each call, so that one function may listen twice.
    const own = (state: ConnectionState) => listener(state);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** As {@link Connection.ready}. */
  async ready(options: ReadyOptions = {}): Promise<void> {
    checkNames("The options of ready", options, READY_OPTIONS);
    const { timeoutMs, signal } = options;
    checkWait("timeoutMs", timeoutMs);
    checkSignal("signal", signal);
    if (signal?.aborted === true) throw abortedWait(signal);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const judge = (state: ConnectionState) => {
      if (state.name === "open") resolve();
      if (state.name !== "closed") return;
      reject(new MessagingError("closed", "The connection is closed.", { cause: state.cause }));
    };
    const aborted = () => reject(abortedWait(signal));
    const inTime =
      timeoutMs === undefined
        ? undefined
        : startDeadline(timeoutMs, () => {
            const sentence = `The connection was not open within ${timeoutMs} ms.`;
            reject(new MessagingError("timed-out", sentence, { cause: this.#causeOfNow() }));
          });
    signal?.addEventListener("abort", aborted, { once: true });
    const unlisten = this.listen(judge);
    judge(this.#state);
    try {
      await promise;
    } finally {
      unlisten();
      inTime?.();
      signal?.removeEventListener("abort", aborted);
    }
  }

  /** As {@link Connection.closed}. */
  closed(): Promise<MessagingError | undefined> {
    return this.#closed.promise;
  }

  #causeOfNow(): MessagingError | undefined {
    return "cause" in this.#state ? this.#state.cause : undefined;
  }

  /** Once `closed`, nothing follows, and nobody listens any more. */
  change(state: ConnectionState): void {
    if (this.#state.name === "closed") return;
    this.#state = state;
    for (const listener of [...this.#listeners]) {
      try {
        listener(state);
      } catch (error) {
        // As with any event listener of Node: the fault is the listener's, and is not hidden, nor is it ours.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    if (state.name !== "closed") return;
    this.#closed.resolve(state.cause);
    this.#listeners.clear();
  }
}

function abortedWait(signal: AbortSignal | undefined): MessagingError {
  return new MessagingError("aborted", "The caller stopped waiting for the connection.", { cause: signal?.reason });
}
