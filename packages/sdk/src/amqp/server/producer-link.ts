/** A link on which the peer sends: its credit, and the messages as they arrive in one frame or several. */

import { echoSource, echoTarget, producerRequest } from "./attach-request.js";
import type { BackendConnection, BackendProducer, Condition, Ending } from "./backend.js";
import type { RheaAttach, RheaLink } from "./rhea-server.js";
import type { IncomingTransfers } from "./session-transfers.js";
import type { TransferFields } from "./transfer-frames.js";

/** Artemis's `amqpCredits` and `amqpMinCredits`. */
const FULL_CREDIT = 1_000;
const LOW_CREDIT = 300;

export interface ProducerLinkHost {
  readonly backend: BackendConnection;
  readonly transfers: IncomingTransfers;
  readonly maximumMessageBytes: number;
}

/** A message whose frames have not all arrived. */
interface Unfinished {
  readonly id: number;
  readonly format: number;
  readonly hasState: boolean;
  settled: boolean;
  parts: Buffer[];
  length: number;
}

export class ProducerLink {
  readonly #link: RheaLink;
  readonly #host: ProducerLinkHost;
  readonly #producer: BackendProducer;
  #unfinished: Unfinished | undefined;
  #open = true;

  /** @throws Refusal */
  constructor(link: RheaLink, attach: RheaAttach, host: ProducerLinkHost) {
    this.#link = link;
    this.#host = host;
    this.#producer = host.backend.attachProducer(producerRequest(attach));
    link.local.attach.rcv_settle_mode = 0;
    link.local.attach.max_message_size = host.maximumMessageBytes;
    const { dynamicAddress } = this.#producer;
    const address = dynamicAddress === undefined ? {} : { address: dynamicAddress };
    link.set_source(echoSource(attach.source));
    link.set_target({ ...echoTarget(attach.target), ...address });
    link.delivery_count = attach.initial_delivery_count ?? 0;
    link.on_flow = ({ performative }) => {
      if (performative.echo === true && this.#open) link.session._write_flow(link);
    };
    link.flow(FULL_CREDIT);
  }

  transferred(transfer: TransferFields): void {
    if (!this.#open) return;
    const unfinished = this.#unfinished;
    if (unfinished === undefined && !transfer.more && !transfer.aborted) {
      if (transfer.deliveryId === undefined) throw new Error("a delivery without an id");
      this.#received(transfer.deliveryId, transfer, transfer.payload);
      return;
    }
    this.#collect(transfer, unfinished ?? this.#begin(transfer));
  }

  #begin({ deliveryId: id, format, hasState }: TransferFields): Unfinished {
    if (id === undefined) throw new Error("a delivery without an id");
    this.#unfinished = { id, format, hasState, settled: false, parts: [], length: 0 };
    return this.#unfinished;
  }

  #collect(transfer: TransferFields, unfinished: Unfinished): void {
    if (transfer.deliveryId !== undefined && transfer.deliveryId !== unfinished.id) {
      throw new Error(`delivery ${unfinished.id} is not complete, and ${transfer.deliveryId} begins on its link`);
    }
    unfinished.settled ||= transfer.settled;
    unfinished.length += transfer.payload.length;
    // What is too long anyway is counted and not kept.
    if (unfinished.length <= this.#host.maximumMessageBytes) unfinished.parts.push(Buffer.from(transfer.payload));
    else unfinished.parts = [];
    if (transfer.aborted) {
      this.#unfinished = undefined;
      this.#spend();
      return;
    }
    if (transfer.more) return;
    this.#unfinished = undefined;
    const { id, format, hasState, settled, parts, length } = unfinished;
    this.#received(id, { format, hasState, settled }, Buffer.concat(parts), length);
  }

  #received(
    id: number,
    { format, hasState, settled }: Pick<TransferFields, "format" | "hasState" | "settled">,
    payload: Buffer,
    length = payload.length,
  ): void {
    const condition = this.#refused(format, hasState, length) ?? this.#producer.receive(payload);
    if (!settled) this.#host.transfers.settle(id, condition ?? "accepted");
    this.#spend();
  }

  #refused(format: number, hasState: boolean, length: number): Condition | undefined {
    const maximum = this.#host.maximumMessageBytes;
    if (length > maximum) {
      const description = `The message has ${length} bytes, and ${maximum} is the limit.`;
      return { condition: "amqp:resource-limit-exceeded", description };
    }
    if (format !== 0) {
      return { condition: "amqp:not-implemented", description: `The message format ${format} is not known here.` };
    }
    return hasState ? { condition: "amqp:not-implemented", description: "There are no transactions here." } : undefined;
  }

  #spend(): void {
    const link = this.#link;
    link.credit--;
    link.delivery_count = (link.delivery_count + 1) >>> 0;
    if (link.credit <= LOW_CREDIT) link.flow(FULL_CREDIT - link.credit);
  }

  close(ending: Ending): void {
    if (!this.#open) return;
    this.#open = false;
    this.#unfinished = undefined;
    this.#producer.close(ending);
  }
}
