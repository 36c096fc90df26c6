/** What looks at the messages of a queue and takes none. */
import type { Destination } from "./destination.js";
import type { Message } from "./message.js";

/** Options of {@link Connection.createBrowser}. */
export interface BrowserOptions {
  /** JMS selector over headers and properties. */
  readonly selector?: string;
  /** Messages that may be on their way at once [200]. */
  readonly creditWindow?: number;
}

/**
 * The messages of a queue, in its order, none of them taken: settling one means nothing.
 * An iteration throws MessagingError `connection-lost` when the connection breaks: it cannot go on where it was.
 */
export interface Browser extends AsyncIterable<Message>, AsyncDisposable {
  readonly destination: Destination;
  /** Ends iterations under way. */
  close(): Promise<void>;
}
