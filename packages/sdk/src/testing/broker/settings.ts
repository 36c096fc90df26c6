/** The broker's options, parsed once: defaults filled in, conflicts refused with a sentence. */
import { PASSWORD_MECHANISMS } from "../../amqp/sasl-mechanisms.js";
import { checkFlag, checkNames, checkText, namesOf } from "../../arguments.js";
import type { SaslMechanism } from "../../connection.js";
import { MessagingError } from "../../errors.js";
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

const OPTIONS = namesOf<BrokerOptions>({
  tls: true,
  host: true,
  port: true,
  addresses: true,
  autoCreate: true,
  users: true,
  saslMechanisms: true,
  deadLetterAddress: true,
  expiryAddress: true,
  maximumDeliveries: true,
  redeliveryDelayMs: true,
  redeliveryDelayMultiplier: true,
  maximumRedeliveryDelayMs: true,
  duplicateIdCacheSize: true,
  maximumMessageSize: true,
  maximumMessagesPerAddress: true,
});
const TLS_OPTIONS = namesOf<BrokerTlsOptions>({ cert: true, key: true, ca: true, requireCertificate: true });
const ADDRESS_FIELDS = namesOf<TopologyAddress>({
  address: true,
  kind: true,
  subscriptions: true,
  deadLetterAddress: true,
  expiryAddress: true,
});
const USER_FIELDS = namesOf<BrokerUser>({
  name: true,
  password: true,
  token: true,
  certificate: true,
  send: true,
  consume: true,
  browse: true,
  temporary: true,
  subscribe: true,
  sendTemporary: true,
});
const SUBSCRIPTION_FIELDS = namesOf<TopologySubscription>({ name: true, selector: true });

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
  readonly saslMechanisms: readonly SaslMechanism[];
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

/** @throws MessagingError `invalid-argument` for options that cannot be, or that contradict each other. */
export function parseBrokerOptions(options: BrokerOptions): BrokerSettings {
  checkNames("The options of startBroker", options, OPTIONS);
  checkText("host", options.host);
  checkFlag("autoCreate", options.autoCreate);
  checkText("deadLetterAddress", options.deadLetterAddress);
  checkText("expiryAddress", options.expiryAddress);
  if (options.tls !== undefined) checkNames("tls", options.tls, TLS_OPTIONS);
  checkList("addresses", options.addresses, ADDRESS_FIELDS);
  checkList("users", options.users, USER_FIELDS);
  const { addresses = [], users, deadLetterAddress = DEFAULT_DEAD_LETTER_ADDRESS, expiryAddress = "" } = options;
  return {
    host: options.host ?? "127.0.0.1",
    port: whole("port", options.port ?? 0, 0),
    tls: tlsSettings(options),
    addresses: addressSettings(addresses),
    autoCreate: options.autoCreate ?? options.addresses === undefined,
    users: users === undefined ? undefined : usersByName(users),
    saslMechanisms: mechanisms(options),
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

function checkList(name: string, given: unknown, fields: ReadonlySet<string>): void {
  if (given === undefined) return;
  if (!Array.isArray(given)) throw invalid(`${name} must be an array.`);
  for (const one of given) checkNames(`One of ${name}`, one, fields);
}

function tlsSettings({ tls, users = [] }: BrokerOptions): BrokerTlsOptions | undefined {
  if (tls?.requireCertificate === true && tls.ca === undefined) {
    throw invalid("tls.requireCertificate needs tls.ca, by which certificates are judged.");
  }
  const user = users.find(({ certificate }) => certificate !== undefined);
  if (user !== undefined && tls?.ca === undefined) {
    throw invalid(`The user ${user.name} logs in by a certificate: give tls with a ca.`);
  }
  return tls;
}

/** SCRAM needs to know the passwords, so it is for a broker with users. */
function mechanisms({ saslMechanisms = ["PLAIN"], users }: BrokerOptions): readonly SaslMechanism[] {
  if (!Array.isArray(saslMechanisms) || !saslMechanisms.every((name) => PASSWORD_MECHANISMS.includes(name))) {
    throw invalid(`saslMechanisms must name some of ${PASSWORD_MECHANISMS.join(", ")}.`);
  }
  if (users === undefined && saslMechanisms.some((name) => name !== "PLAIN")) {
    throw invalid("saslMechanisms with SCRAM need users, of whom passwords are known.");
  }
  return saslMechanisms;
}

function redelivery(options: BrokerOptions) {
  const redeliveryDelayMs = whole("redeliveryDelayMs", options.redeliveryDelayMs ?? 0, 0);
  const { redeliveryDelayMultiplier = 1, maximumRedeliveryDelayMs = redeliveryDelayMs * DEFAULT_LONGEST_REDELIVERY } =
    options;
  if (!Number.isFinite(redeliveryDelayMultiplier) || redeliveryDelayMultiplier < 1) {
    throw invalid(`redeliveryDelayMultiplier is ${redeliveryDelayMultiplier}: give a number, 1 or more.`);
  }
  if (redeliveryDelayMs === 0 && redeliveryDelayMultiplier > 1) {
    throw invalid("redeliveryDelayMultiplier multiplies redeliveryDelayMs, which is 0: give both.");
  }
  whole("maximumRedeliveryDelayMs", maximumRedeliveryDelayMs, redeliveryDelayMs);
  return { redeliveryDelayMs, redeliveryDelayMultiplier, maximumRedeliveryDelayMs };
}

function whole(name: string, value: number, minimum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw invalid(`${name} is ${value}: give a whole number, ${minimum} or more.`);
}

function addressSettings(addresses: readonly TopologyAddress[]): AddressSettings[] {
  const names = new Set<string>();
  return addresses.map((topology) => {
    const { address, kind, subscriptions = [] } = topology;
    checkText("The address of one of addresses", address ?? null);
    if (kind !== "queue" && kind !== "topic") throw invalid(`The kind of ${address} is \`queue\` or \`topic\`.`);
    if (address === "" || address.includes("::")) throw invalid(`"${address}" cannot be an address.`);
    if (address === MANAGEMENT_ADDRESS) throw invalid(`${address} cannot be an address: it is not served here.`);
    if (names.has(address)) throw invalid(`The address ${address} is given twice.`);
    names.add(address);
    if (kind === "queue" && subscriptions.length > 0) {
      throw invalid(`${address} is a queue: only a topic has subscriptions.`);
    }
    const settings = subscriptions.map((one) => subscriptionSettings(one, address));
    if (new Set(settings.map(({ name }) => name)).size < settings.length) {
      throw invalid(`A subscription of ${address} is given twice.`);
    }
    return { ...topology, subscriptions: settings };
  });
}

function subscriptionSettings(given: string | TopologySubscription, address: string): SubscriptionSettings {
  if (typeof given !== "string") checkNames(`A subscription of ${address}`, given, SUBSCRIPTION_FIELDS);
  const { name, selector } = typeof given === "string" ? { name: given, selector: undefined } : given;
  if (name === "" || name.includes("|")) throw invalid(`"${name}" cannot be a subscription of ${address}.`);
  if (selector === undefined) return { name, selector };
  try {
    return { name, selector: new Selector(selector) };
  } catch (error) {
    if (!(error instanceof InvalidSelector)) throw error;
    throw invalid(`The selector of the subscription ${name} of ${address}: ${error.message}`);
  }
}

function usersByName(users: readonly BrokerUser[]): ReadonlyMap<string, BrokerUser> {
  const byName = new Map(users.map((user) => [user.name, user]));
  if (byName.size < users.length) throw invalid("A user is given twice.");
  const certificates = users.flatMap(({ certificate = [] }) => certificate);
  if (new Set(certificates).size < certificates.length) throw invalid("A certificate belongs to two users.");
  return byName;
}

function invalid(sentence: string): MessagingError {
  return new MessagingError("invalid-argument", sentence);
}
