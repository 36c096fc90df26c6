/** An e-mail on its way, and what became of it. */

/** What is handed over: the same at each attempt. */
export interface OutgoingEmail {
  /** The address, of one mailbox. */
  readonly to: string;
  /** What is told, for example a payment's end: with the address it makes the Message-ID. */
  readonly about: string;
  readonly subject: string;
  /** Plain text. */
  readonly body: string;
  readonly htmlBody: string;
  /** A BCP 47 tag. */
  readonly language: string;
  /** When what it tells was recorded. */
  readonly time: Date;
}

/** What the server made of an attempt. Reasons quote no address and none of the server's words. */
export type MailResult =
  | { readonly kind: "delivered" }
  /** The server will never take anything for the address. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The server will never take this e-mail. */
  | { readonly kind: "rejected"; readonly reason: string }
  /** The server works, and takes this e-mail later perhaps. */
  | { readonly kind: "deferred"; readonly reason: string }
  /** The server cannot be reached, or takes nothing from us. */
  | { readonly kind: "failed"; readonly reason: string };
