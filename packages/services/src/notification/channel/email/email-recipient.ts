/** Whom a merchant wants to be told by e-mail, as its settings have it. */

export interface EmailRecipient {
  readonly address: string;
  /** A BCP 47 tag; empty: the merchant's. */
  readonly language: string;
  /** Empty: every type that has a template. */
  readonly eventTypes: readonly string[];
}

/** A merchant that wants e-mail. */
export interface MerchantRecipients {
  readonly merchantId: string;
  /** A BCP 47 tag; empty: that of the installation. */
  readonly language: string;
  readonly recipients: readonly EmailRecipient[];
}
