/** What a user may do. Without users, everybody may do everything. */
import { timingSafeEqual } from "node:crypto";
import type { BrokerUser } from "../broker-options.js";

export interface Rights {
  maySend(address: string): boolean;
  /** To queues that others made for their replies. */
  maySendToTemporary(address: string): boolean;
  /** From an address with all its queues, or from one subscription of it. */
  mayConsume(address: string, subscription?: string): boolean;
  /** Look without taking, named as for `mayConsume`. */
  mayBrowse(address: string, subscription?: string): boolean;
  /** Make temporary queues. */
  mayMakeTemporary(): boolean;
  /** Make volatile subscriptions of a topic. */
  maySubscribe(address: string): boolean;
  /** Make durable subscriptions that are not there from the start. */
  mayMakeDurable(): boolean;
}

export const ALL_RIGHTS: Rights = {
  maySend: () => true,
  maySendToTemporary: () => true,
  mayConsume: () => true,
  mayBrowse: () => true,
  mayMakeTemporary: () => true,
  maySubscribe: () => true,
  mayMakeDurable: () => true,
};

/** `autoCreate` lets users make durable subscriptions, which Artemis asks a right of its own for. */
export function rightsOf(user: BrokerUser, autoCreate: boolean): Rights {
  const { send = [], consume = [], browse = consume, temporary = false, subscribe = [], sendTemporary = false } = user;
  return {
    maySend: (address) => covers(send, address),
    maySendToTemporary: (address) => sendTemporary || covers(send, address),
    mayConsume: (address, subscription) => reaches(consume, address, subscription),
    mayBrowse: (address, subscription) => reaches(browse, address, subscription),
    mayMakeTemporary: () => temporary,
    maySubscribe: (address) => temporary || covers(subscribe, address),
    mayMakeDurable: () => autoCreate,
  };
}

/** The right to an address is one to all its subscriptions. */
function reaches(patterns: readonly string[], address: string, subscription: string | undefined): boolean {
  return covers(patterns, address) || (subscription !== undefined && covers(patterns, `${address}.${subscription}`));
}

function covers(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => fits(pattern, name));
}

/** Whether an address is the pattern, where `*` at the end stands for anything. */
export function fits(pattern: string, address: string): boolean {
  return pattern.endsWith("*") ? address.startsWith(pattern.slice(0, -1)) : address === pattern;
}

/** Whether a password or token is the one expected; never where none is. */
export function isSecret(secret: string | undefined, asked: string): boolean {
  if (secret === undefined) return false;
  const expected = Buffer.from(secret);
  const given = Buffer.from(asked);
  return expected.length === given.length && timingSafeEqual(expected, given);
}
