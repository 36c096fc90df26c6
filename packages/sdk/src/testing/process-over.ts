import type { Connection } from "../connection.js";
import { openProcessor } from "../processor/processor.js";
import type { Processor, ProcessorOptions } from "../processor.js";
import type { StandardSchemaV1 } from "../standard-schema.js";

/**
 * Runs the SDK's own processor, as {@link Connection.process} does, over a connection that you made: a simulated one, whose
 * consumers and producers deliver, delay and lose what a test decides, on a clock of its own. Of the connection it uses
 * `state`, `onState`, `createProducer` and `createConsumer`; of producers `send`, `sendUnconfirmed` and `close`; of consumers
 * `receiveBatch`, `stop`, `start` and `close`. Its waits are those of the global `setTimeout`.
 * @throws MessagingError `invalid-argument` for options that cannot be used, and what the connection throws.
 */
export function processOver<S extends StandardSchemaV1>(
  connection: Connection,
  options: ProcessorOptions<S>,
): Promise<Processor> {
  return openProcessor(connection, options);
}
