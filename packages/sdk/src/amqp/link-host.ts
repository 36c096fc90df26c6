import type { BackOffLimits } from "../back-off.js";
import type { MessagingError } from "../errors.js";
import type { Reporter } from "../reporting.js";
import type { AddressPrefixes } from "./address-prefixes.js";
import type { SeenMessages } from "./seen-messages.js";
import type { Transport } from "./transport.js";

/** What producers, consumers and temporary queues need of their connection. */
export interface LinkHost {
  /** The transport in use; undefined while there is none. */
  readonly transport: Transport | undefined;
  /** The prefixes of addresses on the latest transport. */
  readonly prefixes: AddressPrefixes;
  /** How long operations wait for a lost transport to be made again, in milliseconds; 0: not at all. */
  readonly waitForReconnectMs: number;
  /** How long the broker may take to answer an attach, in milliseconds. */
  readonly attachTimeoutMs: number;
  /** Waiting times between attempts to restore a link that the broker ended. */
  readonly backOff: BackOffLimits;
  readonly hasClientId: boolean;
  /** Called with what callbacks of the application throw. */
  readonly reporter: Reporter;
  /** What its consumers have handed over. */
  readonly seen: SeenMessages;
  /** Why nothing can be sent now: `connection-lost` or `closed`. */
  unavailable(address: string | undefined): MessagingError;
}

/** What the connection does with each of them. */
export interface ManagedLink {
  /** Attaches on a new transport. Rejects when that failed; the link then looks after itself. */
  restore(transport: Transport): Promise<void>;
  /** The transport is gone, and the link with it. */
  lost(error: MessagingError): void;
  /** The connection is over; `error` says why, unless the application closed it. */
  end(error: MessagingError | undefined): void;
}
