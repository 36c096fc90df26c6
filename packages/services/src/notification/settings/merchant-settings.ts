/** What a merchant wants to be told, and how: as the table has it. */
import type { EmailRecipient } from "../channel/email/email-recipient.js";

export interface MerchantSettings {
  /** A BCP 47 tag; empty: that of the installation. */
  readonly language: string;
  readonly emailRecipients: readonly EmailRecipient[];
}

export interface StoredSettings extends MerchantSettings {
  readonly updateTime: Date;
  /** Of its recipients, those that the mail server refused since. */
  readonly refused: readonly RefusedAddress[];
}

export interface RefusedAddress {
  readonly address: string;
  readonly reason: string;
  readonly refuseTime: Date;
}
