import { databaseConfiguration } from "../platform/configuration.js";
import { messageKeys } from "../shared/message-keys.js";

/** What receipt-archive reads from the environment beside what every service does. */
export const receiptArchiveConfiguration = {
  ...databaseConfiguration,
  /** Shows that client-bank wrote what comes. */
  MESSAGE_KEYS: messageKeys("receipt-archive"),
};
