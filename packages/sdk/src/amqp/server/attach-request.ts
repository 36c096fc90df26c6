/** From the attach frame of a peer to what the backend is asked for (OASIS AMQP-JMS mapping, 5). */
import { type ConsumerRequest, type NodeKind, type ProducerRequest, Refusal } from "./backend.js";
import type { RheaAttach, RheaTerminus } from "./rhea-server.js";

export const SELECTOR_DESCRIPTOR = 0x468c00000004;
const NO_LOCAL_DESCRIPTOR = 0x468c00000003;
const COORDINATOR_DESCRIPTOR = 0x30;

/** Whether the target is a transaction coordinator, which rhea does not know. */
export function isCoordinator({ value }: RheaAttach): boolean {
  const target = value[6] as { readonly descriptor?: { readonly value?: unknown } } | null | undefined;
  const descriptor = target?.descriptor?.value;
  return descriptor === COORDINATOR_DESCRIPTOR || descriptor === "amqp:coordinator:list";
}

/** @throws Refusal */
export function producerRequest(attach: RheaAttach): ProducerRequest {
  const target = terminusOf(attach.target);
  if (!target) throw new Refusal("amqp:invalid-field", "A link that sends needs a target.");
  const dynamic = target.dynamic === true;
  return { address: dynamic ? undefined : addressOf(target), dynamic, kind: kindOf(symbols(target.capabilities)) };
}

/** @throws Refusal */
export function consumerRequest(attach: RheaAttach): ConsumerRequest {
  const source = terminusOf(attach.source);
  const capabilities = symbols(source ? source.capabilities : attach.desired_capabilities);
  const filters = source ? filtersOf(source.filter) : { selector: undefined, noLocal: false };
  const dynamic = source?.dynamic === true;
  const address = source && !dynamic ? addressOf(source) : undefined;
  if (source && !dynamic && address === undefined) {
    throw new Refusal("amqp:invalid-field", "A link that receives needs an address to receive from.");
  }
  return {
    linkName: attach.name,
    address,
    dynamic,
    recovers: !source,
    kind: kindOf(capabilities),
    durable: source?.durable === 1 || source?.durable === 2,
    shared: capabilities.includes("shared"),
    global: capabilities.includes("global"),
    copies: source?.distribution_mode === "copy",
    ...filters,
    priority: priorityOf(attach.properties),
  };
}

/** Once rhea has unwrapped a missing terminus and put it back, it reads as a wrapped null. */
function terminusOf(terminus: RheaTerminus | null | undefined): RheaTerminus | undefined {
  return Array.isArray((terminus as { readonly value?: unknown } | null | undefined)?.value)
    ? (terminus as RheaTerminus)
    : undefined;
}

function addressOf({ address }: RheaTerminus): string | undefined {
  return typeof address === "string" && address !== "" ? address : undefined;
}

function kindOf(capabilities: readonly string[]): NodeKind | undefined {
  if (capabilities.includes("topic") || capabilities.includes("temporary-topic")) return "topic";
  if (capabilities.includes("queue") || capabilities.includes("temporary-queue")) return "queue";
  return undefined;
}

/** A field of AMQP that holds one symbol or several. */
export function symbols(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

function filtersOf(filter: unknown): { readonly selector: string | undefined; readonly noLocal: boolean } {
  let selector: string | undefined;
  let noLocal = false;
  if (typeof filter !== "object" || filter === null) return { selector, noLocal };
  for (const [key, given] of Object.entries(filter)) {
    const described = given as { readonly descriptor?: { readonly value?: unknown }; readonly value?: unknown } | null;
    const descriptor = described?.descriptor?.value;
    if (descriptor === SELECTOR_DESCRIPTOR || descriptor === "apache.org:selector-filter:string") {
      if (typeof described?.value !== "string")
        throw new Refusal("amqp:invalid-field", "The selector is not a string.");
      selector = described.value;
    } else if (descriptor === NO_LOCAL_DESCRIPTOR || descriptor === "apache.org:no-local-filter:list") {
      noLocal = true;
    } else {
      throw new Refusal("amqp:not-implemented", `The filter ${key} is not known here.`);
    }
  }
  return { selector: selector?.trim() === "" ? undefined : selector, noLocal };
}

/** Artemis's link property for the priority of a consumer. */
function priorityOf(properties: unknown): number {
  const priority = (properties as { readonly priority?: unknown } | null | undefined)?.priority ?? 0;
  if (typeof priority === "number" && Number.isInteger(priority)) return priority;
  throw new Refusal("amqp:invalid-field", "The consumer's priority is not a whole number.");
}

const TARGET_FIELDS = [
  "address",
  "durable",
  "expiry_policy",
  "timeout",
  "dynamic",
  "dynamic_node_properties",
  "capabilities",
] as const;

const SOURCE_FIELDS = [...TARGET_FIELDS, "distribution_mode", "filter", "default_outcome", "outcomes"] as const;

/** A source as it is said back to the peer who asked for it. */
export function echoSource(given: RheaTerminus | null | undefined): object {
  const source = terminusOf(given);
  return Object.fromEntries(SOURCE_FIELDS.map((name) => [name, source?.[name]]));
}

/** The same for a target. */
export function echoTarget(given: RheaTerminus | null | undefined): object {
  const target = terminusOf(given);
  return Object.fromEntries(TARGET_FIELDS.map((name) => [name, target?.[name]]));
}
