/** How calls of the handler end. */
import type { ErrorClass, Incoming, Outcome } from "../processor.js";

/** Messages of a batch, with their bodies read. */
export type Messages = readonly Incoming<unknown>[];

/** How one call of the handler ended. */
export type Attempt =
  | { readonly outcomes: readonly Outcome[] }
  | { readonly error: unknown; readonly errorClass: ErrorClass };

/** The same of a batch that may have been taken apart, in which case some of it got through. */
export type BatchAttempt = Attempt | { readonly apart: TakenApart };

/** What came of the parts of a batch. */
export interface TakenApart {
  readonly through: readonly { readonly messages: Messages; readonly outcomes: readonly Outcome[] }[];
  /** Each failed alone, while others got through. */
  readonly alone: readonly {
    readonly incoming: Incoming<unknown>;
    readonly error: unknown;
    readonly errorClass: ErrorClass;
  }[];
  /** Not judged, because the world went away meanwhile. */
  readonly rest: Messages;
}
