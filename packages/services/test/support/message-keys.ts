/** Keys of signatures for tests, and the messages that the services of the map sign with them. */
import { randomBytes } from "node:crypto";
import { Envelopes } from "../../dist/shared/envelope.js";
import { type MessageKeys, messageKeys } from "../../dist/shared/message-keys.js";
import type { ServiceName } from "../../dist/shared/queue-map.js";
import { messageKeysOf } from "../../dist/stack/service-table.js";

const SECRET = randomBytes(32).toString("base64");

/** `MESSAGE_KEYS` of a service. */
export function messageKeysText(service: ServiceName): string {
  return messageKeysOf(service, SECRET);
}

/** The same, parsed. */
export function messageKeysFor(service: ServiceName): MessageKeys {
  return messageKeys(service).parse(messageKeysText(service));
}

/**
 * What a service of the map makes its messages with: a test that plays the service signs as it does.
 * @param secret that of a stack whose service is played [the tests' own].
 */
export function envelopesOf(service: ServiceName, secret = SECRET): Envelopes {
  return new Envelopes(service, messageKeys(service).parse(messageKeysOf(service, secret)));
}
