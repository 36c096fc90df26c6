/** The state that a connection is in, and who is told of each change. */
import type { ConnectionState } from "../connection.js";

export class ConnectionStates {
  readonly #listeners = new Set<(state: ConnectionState) => void>();
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
    if (state.name === "closed") this.#listeners.clear();
  }
}
