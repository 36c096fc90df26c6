/**
 * The broker's configuration as ArkMQ takes it: properties of Artemis's configuration bean. They are made from the
 * broker.xml of the queue map, so that both say the same; an element that has no rule here ends the making.
 */
import { artemisBrokerXml } from "../broker-configuration.js";
import { durableQueues } from "./scaled-objects.js";

/** Children of `core` that the cluster has its own of: where data lies, what it listens on, its name. */
const OWN = new Set([
  "name",
  "paging-directory",
  "bindings-directory",
  "journal-directory",
  "large-messages-directory",
  "acceptors",
]);
/** Beans whose names are not the element's in camel case. */
const BEANS: Readonly<Record<string, string>> = {
  "address-full-policy": "addressFullMessagePolicy",
  "journal-buffer-timeout": "journalBufferTimeout_NIO",
};

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

/** One `key=value` each, in the order of broker.xml. */
export function brokerProperties(): string[] {
  const [configuration] = read(artemisBrokerXml({ acceptor: "" }));
  const core = configuration?.children.find(({ name }) => name === "core");
  if (core === undefined) throw new Error("The broker.xml has no core.");
  return [...core.children.flatMap(propertiesOf), ...queueLengths()];
}

/** Whoever scales the services may read how many messages wait, and nothing else. */
function queueLengths(): string[] {
  return durableQueues().map(
    ({ queue }) => `securityRoles.${quoted(`mops.queue.${queue}.getMessageCount`)}.scaler.view=true`,
  );
}

function propertiesOf(element: Element): string[] {
  if (OWN.has(element.name)) return [];
  if (element.name === "security-settings") return element.children.flatMap(rightsOf);
  if (element.name === "address-settings") return element.children.flatMap(settingsOf);
  if (element.name === "addresses") return element.children.flatMap(addressOf);
  if (element.children.length > 0) throw new Error(`${element.name} of broker.xml has no rule here.`);
  return [`${beanOf(element.name)}=${element.text}`];
}

function rightsOf({ attributes, children }: Element): string[] {
  const match = quoted(attributes.match ?? "");
  return children.flatMap(({ attributes: { type = "", roles = "" } }) =>
    roles.split(",").map((role) => `securityRoles.${match}.${quoted(role)}.${type}=true`),
  );
}

function settingsOf({ attributes, children }: Element): string[] {
  const match = quoted(attributes.match ?? "");
  return children.map(({ name, text }) => `addressSettings.${match}.${beanOf(name)}=${text}`);
}

function addressOf({ attributes, children }: Element): string[] {
  const address = `addressConfigurations.${quoted(attributes.name ?? "")}`;
  return children.flatMap(({ name: routing, children: queues }) => [
    `${address}.routingTypes=${routing.toUpperCase()}`,
    ...queues.flatMap(({ attributes: queue, children: parts }) => {
      const path = `${address}.queueConfigs.${quoted(queue.name ?? "")}`;
      const filter = parts.find(({ name }) => name === "filter")?.attributes.string;
      return [
        `${path}.routingType=${routing.toUpperCase()}`,
        ...(filter === undefined ? [] : [`${path}.filterString=${filter}`]),
      ];
    }),
  ]);
}

/** A name inside a key: in quotes, because of its dots; a colon would end the key. */
function quoted(name: string): string {
  return `"${name.replaceAll(":", "\\:")}"`;
}

function beanOf(element: string): string {
  return BEANS[element] ?? element.replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

/** Reads XML as this project writes it: no entities, no CDATA. @throws Error for what is not balanced. */
function read(xml: string): Element[] {
  const root: Element[] = [];
  const open: { name: string; attributes: Record<string, string>; children: Element[]; text: string }[] = [];
  for (const [, comment, close, name = "", attributes = "", empty, text] of xml.matchAll(
    /(<!--[\s\S]*?-->|<\?.*?\?>)|<(\/?)([\w-]+)([^>]*?)(\/?)>|([^<]+)/g,
  )) {
    if (comment !== undefined) continue;
    if (text !== undefined) {
      const top = open.at(-1);
      if (top !== undefined) top.text += text.trim();
    } else if (close === "/") {
      const done = open.pop();
      if (done?.name !== name) throw new Error(`broker.xml closes ${name}, which is not open.`);
      (open.at(-1)?.children ?? root).push(done);
    } else {
      const element = { name, attributes: attributesOf(attributes), children: [], text: "" };
      if (empty === "/") (open.at(-1)?.children ?? root).push(element);
      else open.push(element);
    }
  }
  return root;
}

function attributesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}
