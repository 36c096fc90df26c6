/** What the handlers of webhooks and events work with. */
import type { Database } from "../../platform/database.js";
import type { SecretSeal } from "../webhook/secret-seal.js";

export interface WebhookManagement {
  readonly database: Database;
  /** Undefined where the installation has no key for secrets: then no endpoint can be created. */
  readonly seal: SecretSeal | undefined;
  /** Whether endpoints may have plain HTTP and private addresses. */
  readonly allowPrivate: boolean;
  /** Called with the endpoints whose queues have something new. */
  readonly wakeSender: (endpoints: readonly string[]) => void;
}
