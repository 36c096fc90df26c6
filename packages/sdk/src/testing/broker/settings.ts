/** The broker's options, parsed once: defaults filled in, conflicts refused with a sentence. */
import type {
  BrokerOptions,
  BrokerTlsOptions,
  BrokerUser,
  TopologyAddress,
  TopologySubscription,
} from "../broker-options.js";
import { Selector } from "./selector.js";
import { InvalidSelector } from "./selector-tokens.js";

/** Where Artemis takes management messages, which nobody answers here. */
export const MANAGEMENT_ADDRESS = "activemq.management";
const DEFAULT_DEAD_LETTER_ADDRESS = "DLQ";
const DEFAULT_MAXIMUM_DELIVERIES = 10;
/** Artemis's `max-redelivery-delay`, as a multiple of the delay. */
const DEFAULT_LONGEST_REDELIVERY = 10;
const DEFAULT_DUPLICATE_ID_CACHE_SIZE = 20_000;
const DEFAULT_MAXIMUM_MESSAGE_SIZE = 1024 * 1024;
const DEFAULT_MAXIMUM_MESSAGES_PER_ADDRESS = 1_000_000;

/** A subscription that is there from the start, its selector parsed. */
export interface SubscriptionSettings {
  readonly name: string;
  /** Undefined when it takes every message. */
  readonly selector: Selector | undefined;
}

export interface AddressSettings extends Omit<TopologyAddress, "subscriptions"> {
  readonly subscriptions: readonly SubscriptionSettings[];
}

export interface BrokerSettings {
  readonly host: string;
  readonly port: number;
  /** Undefined for plain text. */
  readonly tls: BrokerTlsOptions | undefined;
  readonly addresses: readonly AddressSettings[];
  readonly autoCreate: boolean;
  /** Undefined when anybody may do anything. */
  readonly users: ReadonlyMap<string, BrokerUser> | undefined;
  /** Undefined when dead letters are dropped. */
  readonly deadLetterAddress: string | undefined;
  /** Undefined when what has expired is dropped. */
  readonly expiryAddress: string | undefined;
  readonly maximumDeliveries: number;
  readonly redeliveryDelayMs: number;
  readonly redeliveryDelayMultiplier: number;
  readonly maximumRedeliveryDelayMs: number;
  readonly duplicateIdCacheSize: number;
  readonly maximumMessageSize: number;
  readonly maximumMessagesPerAddress: number;
}

/** @throws RangeError or TypeError for options that cannot be, or that contradict each other. */
export function parseBrokerOptions(options: BrokerOptions): BrokerSettings {
  const { addresses = [], users, deadLetterAddress = DEFAULT_DEAD_LETTER_ADDRESS, expiryAddress = "" } = options;
  return {
    host: options.host ?? "127.0.0.1",
    port: whole("port", options.port ?? 0, 0),
    tls: tlsSettings(options),
    addresses: addressSettings(addresses),
    autoCreate: options.autoCreate ?? options.addresses === undefined,
    users: users === undefined ? undefined : usersByName(users),
    deadLetterAddress: deadLetterAddress === "" ? undefined : deadLetterAddress,
    maximumDeliveries: whole("maximumDeliveries", options.maximumDeliveries ?? DEFAULT_MAXIMUM_DELIVERIES, 1),
    expiryAddress: expiryAddress === "" ? undefined : expiryAddress,
    ...redelivery(options),
    duplicateIdCacheSize: whole(
      "duplicateIdCacheSize",
      options.duplicateIdCacheSize ?? DEFAULT_DUPLICATE_ID_CACHE_SIZE,
      0,
    ),
    maximumMessageSize: whole("maximumMessageSize", options.maximumMessageSize ?? DEFAULT_MAXIMUM_MESSAGE_SIZE, 1),
    maximumMessagesPerAddress: whole(
      "maximumMessagesPerAddress",
      options.maximumMessagesPerAddress ?? DEFAULT_MAXIMUM_MESSAGES_PER_ADDRESS,
      1,
    ),
  };
}

function tlsSettings({ tls, users = [] }: BrokerOptions): BrokerTlsOptions | undefined {
  if (tls?.requireCertificate === true && tls.ca === undefined) {
    throw new TypeError("tls.requireCertificate needs tls.ca, by which certificates are judged.");
  }
  const user = users.find(({ certificate }) => certificate !== undefined);
  if (user !== undefined && tls?.ca === undefined) {
    throw new TypeError(`The user ${user.name} logs in by a certificate: give tls with a ca.`);
  }
  return tls;
}

function redelivery(options: BrokerOptions) {
  const redeliveryDelayMs = whole("redeliveryDelayMs", options.redeliveryDelayMs ?? 0, 0);
  const { redeliveryDelayMultiplier = 1, maximumRedeliveryDelayMs = redeliveryDelayMs * DEFAULT_LONGEST_REDELIVERY } =
    options;
  if (!Number.isFinite(redeliveryDelayMultiplier) || redeliveryDelayMultiplier < 1) {
    throw new RangeError(`redeliveryDelayMultiplier is ${redeliveryDelayMultiplier}: give a number, 1 or more.`);
  }
  if (redeliveryDelayMs === 0 && redeliveryDelayMultiplier > 1) {
    throw new RangeError("redeliveryDelayMultiplier multiplies redeliveryDelayMs, which is 0: give both.");
  }
  whole("maximumRedeliveryDelayMs", maximumRedeliveryDelayMs, redeliveryDelayMs);
  return { redeliveryDelayMs, redeliveryDelayMultiplier, maximumRedeliveryDelayMs };
}

function whole(name: string, value: number, minimum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw new RangeError(`${name} is ${value}: give a whole number, ${minimum} or more.`);
}

function addressSettings(addresses: readonly TopologyAddress[]): AddressSettings[] {
  const names = new Set<string>();
  return addresses.map((topology) => {
    const { address, kind, subscriptions = [] } = topology;
    if (address === "" || address.includes("::")) throw new TypeError(`"${address}" cannot be an address.`);
    if (address === MANAGEMENT_ADDRESS) throw new TypeError(`${address} cannot be an address: it is not served here.`);
    if (names.has(address)) throw new TypeError(`The address ${address} is given twice.`);
    names.add(address);
    if (kind === "queue" && subscriptions.length > 0) {
      throw new TypeError(`${address} is a queue: only a topic has subscriptions.`);
    }
    const settings = subscriptions.map((one) => subscriptionSettings(one, address));
    if (new Set(settings.map(({ name }) => name)).size < settings.length) {
      throw new TypeError(`A subscription of ${address} is given twice.`);
    }
    return { ...topology, subscriptions: settings };
  });
}

function subscriptionSettings(given: string | TopologySubscription, address: string): SubscriptionSettings {
  const { name, selector } = typeof given === "string" ? { name: given, selector: undefined } : given;
  if (name === "" || name.includes("|")) throw new TypeError(`"${name}" cannot be a subscription of ${address}.`);
  if (selector === undefined) return { name, selector };
  try {
    return { name, selector: new Selector(selector) };
  } catch (error) {
    if (!(error instanceof InvalidSelector)) throw error;
    throw new TypeError(`The selector of the subscription ${name} of ${address}: ${error.message}`);
  }
}

function usersByName(users: readonly BrokerUser[]): ReadonlyMap<string, BrokerUser> {
  const byName = new Map(users.map((user) => [user.name, user]));
  if (byName.size < users.length) throw new TypeError("A user is given twice.");
  const certificates = users.flatMap(({ certificate = [] }) => certificate);
  if (new Set(certificates).size < certificates.length) throw new TypeError("A certificate belongs to two users.");
  return byName;
}
