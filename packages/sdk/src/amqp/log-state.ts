/** Writes the states of a connection to its logger. */
import type { ConnectionState } from "../connection.js";
import type { Reporter } from "../reporting.js";

export function logState(reporter: Reporter, state: ConnectionState): void {
  if (state.name === "open") {
    reporter.info(`The connection to ${state.broker} is open.`);
  } else if (state.name === "reconnecting") {
    reporter.warn(`The connection is made again, attempt ${state.attempt}: ${state.cause.message}`, state.cause);
  } else if (state.name === "closed" && state.cause === undefined) {
    reporter.info("The connection is closed.");
  } else if (state.name === "closed") {
    reporter.error(`The connection has ended: ${state.cause?.message}`, state.cause);
  }
}
