/** A part of the load at work. */
export interface Part {
  /** Resolves once no more is begun and all that was begun has ended. */
  readonly fed: Promise<void>;
  /** Closes its connections. */
  close(): Promise<void>;
}
