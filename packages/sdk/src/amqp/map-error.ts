/** From what AMQP says went wrong to what the SDK says. */
import { MessagingError, type MessagingErrorCode } from "../errors.js";
import type { AmqpCondition } from "./rhea-types.js";

const CODES: Readonly<Record<string, MessagingErrorCode>> = {
  "amqp:not-found": "not-found",
  "amqp:resource-deleted": "not-found",
  "amqp:unauthorized-access": "not-authorized",
  "amqp:resource-limit-exceeded": "address-full",
  "amqp:not-implemented": "not-supported",
  "amqp:not-allowed": "not-supported",
  "amqp:invalid-field": "invalid-argument",
  "amqp:connection:forced": "connection-lost",
  "amqp:link:stolen": "closed",
  "amqp:link:message-size-exceeded": "rejected",
};

/** The error of a link that the broker closed although it had been attached. Without a reason, it may come back. */
export function detachError(
  doing: string,
  address: string | undefined,
  given: AmqpCondition | undefined,
): MessagingError {
  if (given?.condition !== undefined) return linkError(doing, address, given);
  const sentence = `The link was lost${address === undefined ? "" : ` for ${address}`}: the broker closed it and gave no reason.`;
  return new MessagingError("connection-lost", sentence, details(address, undefined, given));
}

/** The error of a link that the broker refused or closed. */
export function linkError(
  doing: string,
  address: string | undefined,
  given: AmqpCondition | undefined,
): MessagingError {
  const condition = given?.condition;
  const mapped = condition === undefined ? undefined : isUnauthorized(given) ? "not-authorized" : CODES[condition];
  const code = mapped ?? "protocol";
  return new MessagingError(code, `${doing} failed: the broker ${said(given)}.`, details(address, condition, given));
}

/** The error of one message that the broker did not take. */
export function rejectionError(address: string, given: AmqpCondition | undefined): MessagingError {
  const condition = given?.condition;
  const mapped =
    condition === undefined
      ? undefined
      : isUnauthorized(given)
        ? "not-authorized"
        : isUnknownAddress(given)
          ? "not-found"
          : CODES[condition];
  const code = mapped === "not-found" || mapped === "not-authorized" || mapped === "address-full" ? mapped : "rejected";
  return new MessagingError(code, `The broker refused a message for ${address}: it ${said(given)}.`, {
    ...details(address, condition, given),
  });
}

/**
 * Artemis tells by a number of its own that a user lacks a right (AMQ229032, AMQ229213; AMQ119016 and AMQ119032 in old
 * releases), under whatever condition the operation fails with that needed it: internal-error for a queue that it would
 * have had to make, `failed` for a message.
 */
function isUnauthorized({ description }: AmqpCondition = {}): boolean {
  return /\bAMQ(?:229032|229213|119016|119032):/.test(description ?? "");
}

/** Artemis answers an anonymous send to an address that it does not have with a condition that says nothing. */
function isUnknownAddress({ condition, description }: AmqpCondition = {}): boolean {
  return condition === "failed" && /^AMQ119002:|does not exist$/.test(description ?? "");
}

function said(given: AmqpCondition | undefined): string {
  if (given?.condition === undefined) return "gave no reason";
  const description = given.description?.replace(/\.$/, "");
  return description ? `said ${given.condition}: ${description}` : `said ${given.condition}`;
}

function details(destination: string | undefined, condition: string | undefined, cause: unknown) {
  return {
    ...(destination !== undefined && { destination }),
    ...(condition !== undefined && { condition }),
    ...(cause instanceof Error ? { cause } : {}),
  };
}
