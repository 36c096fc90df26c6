/** What each way of telling is to the steps. One is a folder beside this file, or `webhook`, and a row of channel-table.ts. */
import type { BreakerState } from "@quittance/sdk";
import type { Session } from "../../platform/database.js";
import type { ComposedNotification } from "../compose-notification.js";
import type { EndpointRecord } from "../endpoint-record.js";
import type { RecordedEnds } from "../operations/insert-notifications.js";
import type { ToldEnd, ToldStep } from "../told-end.js";

/** A batch of ends, as it was recorded. */
export interface ToldBatch {
  readonly step: ToldStep;
  readonly ends: readonly ToldEnd[];
  readonly notifications: readonly ComposedNotification[];
  readonly recorded: RecordedEnds;
}

/** An endpoint that was disabled because it failed. */
export interface ToldDisabled {
  readonly endpoint: EndpointRecord;
  /** Of the event that records it: nobody is told it twice. */
  readonly eventId: string;
}

/** One way of telling, at work. */
export interface Channel {
  /**
   * Tells the ends of a batch, or keeps them to be told. Called once their rows are committed and before their messages are
   * accepted: killed in between, the same ends come again, and nobody is told twice what was kept. A rejection holds the
   * batch, which is tried again; so only the database may make it reject, and never who is told.
   */
  tell(batch: ToldBatch): Promise<void> | void;
  /**
   * Keeps the message to a merchant whose endpoint was disabled, in the transaction that disabled it. The transaction
   * must not wait for anything but the database.
   */
  tellDisabled?(transaction: Session, disabled: ToldDisabled): Promise<void>;
  /** Open while who is told is away; absent where nobody can be. */
  readonly breaker?: () => BreakerState;
  /** Finishes what is under way, within `timeoutMs`, and closes what it opened. */
  drain?(options: { readonly timeoutMs: number }): Promise<void>;
}
