/** A link on which the peer sends: its credit, and the messages as they arrive in one frame or several. */

import type { TransferFields } from "../decode-frames.js";
import type { Declared } from "../encode-frames.js";
import { echoSource, echoTarget, producerRequest } from "./attach-request.js";
import {
  type BackendConnection,
  type Condition,
  type Ending,
  type Postponed,
  Refusal,
  type Transaction,
} from "./backend.js";
import { Coordinator } from "./coordinator.js";
import { coordinatorTarget, type RheaAttach, type RheaLink } from "./rhea-server.js";
import type { IncomingTransfers } from "./session-transfers.js";
import type { Transactions } from "./transaction.js";

/** Artemis's `amqpCredits` and `amqpMinCredits`. */
const FULL_CREDIT = 1_000;
const LOW_CREDIT = 300;

export interface ProducerLinkHost {
  readonly backend: BackendConnection;
  readonly transfers: IncomingTransfers;
  readonly maximumMessageBytes: number;
  readonly transactions: Transactions;
}

/** What takes a link's messages: a producer of the backend, or a coordinator of transactions. */
interface Taker {
  readonly dynamicAddress: string | undefined;
  readonly grantsCredit: boolean;
  receive(message: Buffer, transaction: Transaction | undefined): Word | undefined;
  close(ending: Ending): void;
}

type Word = Condition | Declared | Postponed;

/** A message whose frames have not all arrived. */
interface Unfinished {
  readonly id: number;
  readonly format: number;
  readonly state: TransferFields["state"];
  settled: boolean;
  parts: Buffer[];
  length: number;
}

export class ProducerLink {
  readonly #link: RheaLink;
  readonly #host: ProducerLinkHost;
  readonly #taker: Taker;
  #unfinished: Unfinished | undefined;
  #open = true;

  /** @throws Refusal */
  constructor(link: RheaLink, attach: RheaAttach, host: ProducerLinkHost, coordinates: boolean) {
    this.#link = link;
    this.#host = host;
    this.#taker = coordinates
      ? new Coordinator(host.transactions, host.backend)
      : host.backend.attachProducer(producerRequest(attach), { wake: () => this.#regulate() });
    link.local.attach.rcv_settle_mode = 0;
    link.local.attach.max_message_size = host.maximumMessageBytes;
    const { dynamicAddress } = this.#taker;
    const address = dynamicAddress === undefined ? {} : { address: dynamicAddress };
    link.set_source(echoSource(attach.source));
    if (coordinates) link.local.attach.target = coordinatorTarget();
    else link.set_target({ ...echoTarget(attach.target), ...address });
    link.delivery_count = attach.initial_delivery_count ?? 0;
    link.on_flow = ({ performative }) => {
      if (performative.echo === true && this.#open) link.session._write_flow(link);
    };
    this.#regulate();
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

  #begin({ deliveryId: id, format, state }: TransferFields): Unfinished {
    if (id === undefined) throw new Error("a delivery without an id");
    // The id of the transaction is a part of the frame, which does not last.
    const kept = Buffer.isBuffer(state) ? Buffer.from(state) : state;
    this.#unfinished = { id, format, state: kept, settled: false, parts: [], length: 0 };
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
    const { id, format, state, settled, parts, length } = unfinished;
    this.#received(id, { format, state, settled }, Buffer.concat(parts), length);
  }

  #received(
    id: number,
    { format, state, settled }: Pick<TransferFields, "format" | "state" | "settled">,
    payload: Buffer,
    length = payload.length,
  ): void {
    const said = this.#refused(format, state, length) ?? this.#take(payload, state, settled);
    if (isPostponed(said)) {
      if (!settled) this.#postpone(id, said, state);
    } else if (!settled) this.#host.transfers.settle(id, said ?? goodWord(state));
    this.#spend();
  }

  #postpone(id: number, word: Postponed, state: TransferFields["state"]): void {
    // The id of the transaction is a part of the frame, which does not last.
    const good = goodWord(Buffer.isBuffer(state) ? Buffer.from(state) : state);
    word.postpone(() => {
      if (!this.#open) return;
      this.#host.transfers.settle(id, word.said ?? good);
      this.#host.transfers.flush();
    });
  }

  #take(payload: Buffer, state: TransferFields["state"], settled: boolean): Word | undefined {
    if (!Buffer.isBuffer(state)) return this.#taker.receive(payload, undefined);
    try {
      const transaction = this.#host.transactions.get(state);
      const said = this.#taker.receive(payload, transaction);
      // Nobody is notified, so the commit must not pretend that the message is part of it.
      const refusal = isPostponed(said) ? said.said : said;
      if (settled && refusal !== undefined && "condition" in refusal) transaction.fail(refusal);
      return said;
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  #refused(format: number, state: TransferFields["state"], length: number): Condition | undefined {
    const maximum = this.#host.maximumMessageBytes;
    if (length > maximum) {
      const description = `The message has ${length} bytes, and ${maximum} is the limit.`;
      return { condition: "amqp:link:message-size-exceeded", description };
    }
    if (format !== 0) {
      return { condition: "amqp:not-implemented", description: `The message format ${format} is not known here.` };
    }
    if (state !== "other") return undefined;
    return { condition: "amqp:not-implemented", description: "A message may have no state but a transactional one." };
  }

  #spend(): void {
    const link = this.#link;
    // What was on its way when its credit was taken back has none to use up.
    if (link.credit > 0) link.credit--;
    link.delivery_count = (link.delivery_count + 1) >>> 0;
    this.#regulate();
  }

  /** Gives credit before it runs out, or takes back what is left of it. */
  #regulate(): void {
    const link = this.#link;
    if (!this.#open) return;
    if (this.#taker.grantsCredit) {
      if (link.credit <= LOW_CREDIT) link.flow(FULL_CREDIT - link.credit);
    } else if (link.credit > 0) {
      link.credit = 0;
      link.issue_flow = true;
      link.session.connection._register();
    }
  }

  close(ending: Ending): void {
    if (!this.#open) return;
    this.#open = false;
    this.#unfinished = undefined;
    this.#taker.close(ending);
  }
}

function isPostponed(word: Word | undefined): word is Postponed {
  return word !== undefined && "postpone" in word;
}

/** That a message was taken. */
function goodWord(state: TransferFields["state"]): "accepted" | { readonly within: Buffer } {
  return Buffer.isBuffer(state) ? { within: state } : "accepted";
}
