import { databaseConfiguration } from "../platform/configuration.js";
import { booksAuditConfiguration } from "../shared/books-audit.js";
import { messageKeys } from "../shared/message-keys.js";

/** What merchant-bank reads from the environment, in addition to what every service reads. */
export const merchantBankConfiguration = {
  ...databaseConfiguration,
  ...booksAuditConfiguration,
  /** Signs what goes to its neighbours, and shows who wrote what comes. */
  MESSAGE_KEYS: messageKeys("merchant-bank"),
};
