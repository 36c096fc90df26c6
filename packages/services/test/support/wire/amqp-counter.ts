/** Counts what passes on one AMQP 1.0 line: frames by performative, messages by address, deliveries that are settled. */
import { FrameSplitter } from "../../../../sdk/conformance/dist/harness/counting-proxy.js";
import { type AmqpValue, readValue } from "./amqp-value.js";
import type { LineCounter, Tally } from "./tally.js";

/** Performatives by their descriptors (AMQP 1.0, 2.7). */
const PERFORMATIVES: Readonly<Record<number, string>> = {
  16: "open",
  17: "begin",
  18: "attach",
  19: "flow",
  20: "transfer",
  21: "disposition",
  22: "detach",
  23: "end",
  24: "close",
};
const SASL_FRAME = 1;
const PROPERTIES_SECTION = 0x73;
/** What a temporary queue is called, whose name is another each time. */
const TEMPORARY = "reply";

type Fields = readonly AmqpValue[];
type Way = "sent" | "received";

/** What a client's end of a line sends and gets. */
export function amqpCounter(tally: Tally): LineCounter {
  const out = new DirectionCounter("sent", tally);
  const back = new DirectionCounter("received", tally);
  return { toServer: (bytes) => out.frames.push(bytes), toClient: (bytes) => back.frames.push(bytes) };
}

class DirectionCounter {
  readonly frames = new FrameSplitter((frame) => this.#count(frame));
  readonly #way: Way;
  readonly #tally: Tally;
  /** Addresses of the links on which this side sends, by channel and handle; undefined where messages name their own. */
  readonly #addresses = new Map<string, string | undefined>();

  /** Links on which more of a message is to come, in further frames. */
  readonly #continued = new Set<string>();

  constructor(way: Way, tally: Tally) {
    this.#way = way;
    this.#tally = tally;
  }

  #count(frame: Buffer): void {
    const body = frame.readUInt8(4) * 4;
    // An empty frame says that its sender lives: it comes by the clock.
    if (body >= frame.length || frame.readUInt8(5) === SASL_FRAME) return;
    const [code, at] = readValue(frame, body + 1);
    const [fields, payload] = readValue(frame, at);
    const name = PERFORMATIVES[Number(code)] ?? String(code);
    this.#tally.add(`${name} frames ${this.#way}`);
    const channel = frame.readUInt16BE(6);
    if (name === "attach") this.#attach(channel, fields as Fields);
    if (name === "transfer") this.#transfer(channel, fields as Fields, frame.subarray(payload));
    if (name === "disposition") this.#disposition(fields as Fields);
  }

  #attach(channel: number, [, handle, isReceiver, , , source, target]: Fields): void {
    if (isReceiver === true) return;
    const [address] = ((this.#way === "sent" ? target : source) ?? []) as Fields;
    this.#addresses.set(`${channel}/${handle}`, typeof address === "string" ? address : undefined);
  }

  #transfer(channel: number, [handle, , , , settled, more]: Fields, message: Buffer): void {
    const link = `${channel}/${handle}`;
    const isContinued = this.#continued.delete(link);
    if (more === true) this.#continued.add(link);
    if (isContinued) return;
    const address = this.#addresses.get(link) ?? addressOf(message);
    this.#tally.add(`${addressName(address)} messages ${this.#way}`);
    if (settled !== true) this.#tally.add(`${this.#way} unsettled`);
  }

  #disposition([isReceiver, first, last]: Fields): void {
    if (isReceiver !== true) return;
    const settledWay: Way = this.#way === "sent" ? "received" : "sent";
    this.#tally.add(`${settledWay} settled`, Number(last ?? first) - Number(first) + 1);
  }
}

/** The field `to` of a message's properties (AMQP 1.0, 3.2.4). */
function addressOf(message: Buffer): string {
  for (let at = 0; at < message.length && message.readUInt8(at) === 0; ) {
    const [code, value] = readValue(message, at + 1);
    const [section, next] = readValue(message, value);
    if (code === PROPERTIES_SECTION) return String((section as Fields)[2]);
    at = next;
  }
  return "";
}

function addressName(address: string): string {
  return /[0-9a-f]{8}/.test(address) ? TEMPORARY : address.replace(/^(queue|topic):\/\//, "");
}
