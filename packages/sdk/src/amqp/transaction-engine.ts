/** What rhea 3.0.5 lacks for transactions (AMQP 1.0, 4), put into its frames as they leave and arrive. */
import rhea from "rhea";
import type { IncomingDelivery } from "./incoming-deliveries.js";
import type { RheaLink, RheaSession, RheaTerminus } from "./rhea-types.js";

const COORDINATOR = 0x30;
const DECLARED = 0x33;
const TRANSACTIONAL_STATE = 0x34;
/** Places in the performatives attach, transfer and disposition (AMQP 1.0, 2.7.3, 2.7.5 and 2.7.6). */
const TARGET_OF_ATTACH = 6;
const STATE_OF_TRANSFER = 7;
const STATE_OF_DISPOSITION = 4;
/** The bytes of a transactional state without an outcome: a transaction's id has at most 32 (AMQP 1.0, 4.5.1). */
const STATE_BYTES = 8 + 32;

interface Typed {
  readonly descriptor?: { readonly value?: unknown };
  readonly value: unknown;
}

interface Performative {
  readonly value: unknown[];
  readonly first?: number;
  /** Of a transfer. */
  readonly delivery_id?: number;
}

interface Frame {
  readonly performative: Performative;
}

/** A session's insides that nobody else needs. */
interface SessionInsides {
  readonly outgoing: {
    /** How much of a message fits a frame; nothing, where frames have no limit. */
    compute_max_payload(tag: Buffer): number | undefined;
  };
  output(performative: Performative, payload?: Buffer): void;
  on_attach(frame: Frame): void;
  on_disposition(frame: Frame): void;
}

const { accepted } = rhea.message as unknown as { accepted(): { described(): unknown } };
const ACCEPTED = accepted().described();

/** The state of a transfer within a transaction. */
function transactionalState(transaction: Buffer): unknown {
  return rhea.types.wrap_described([rhea.types.wrap_binary(transaction)], TRANSACTIONAL_STATE);
}

/** Makes a link that was opened in this turn one to the coordinator, which is a target that rhea cannot make. */
export function targetCoordinator(session: RheaSession, link: RheaLink): void {
  const capabilities = rhea.types.wrap_array(["amqp:local-transactions"], 0xa3, undefined);
  const { local } = link as unknown as { readonly local: { readonly attach: { target: unknown } } };
  local.attach.target = rhea.types.wrap_described([capabilities], COORDINATOR);
  const insides = session as unknown as SessionInsides;
  const attach = insides.on_attach;
  insides.on_attach = (frame) => {
    const { value } = frame.performative;
    // rhea prints a kind of target that it does not know; that one came is all that matters.
    if (numberOf(value[TARGET_OF_ATTACH]) === COORDINATOR) {
      value[TARGET_OF_ATTACH] = rhea.types.wrap_described([], 0x29);
    }
    attach.call(session, frame);
  };
}

export interface TransactionFrames {
  /** The transaction that an outgoing message belongs to, by its delivery id. */
  transactionOf(deliveryId: number): Buffer | undefined;
  /** The coordinator's answer to a declare: the id of the new transaction. */
  declared(deliveryId: number, transaction: Buffer): void;
}

/**
 * Gives messages the transaction that they belong to as they leave, and takes the outcome out of what the broker says
 * of them. rhea would print such states to the console, and make nothing of them.
 */
export function carryTransactions(session: RheaSession, frames: TransactionFrames): void {
  const insides = session as unknown as SessionInsides;
  const { outgoing, output } = insides;
  // rhea fills frames to the brim; a brim that is passed ends the connection.
  const fitting = outgoing.compute_max_payload;
  outgoing.compute_max_payload = (tag) => {
    const bytes = fitting.call(outgoing, tag);
    return bytes === undefined ? undefined : bytes - STATE_BYTES;
  };
  insides.output = (performative, payload) => {
    // Transfers alone have a payload.
    if (payload !== undefined && performative.delivery_id !== undefined) {
      const transaction = frames.transactionOf(performative.delivery_id);
      if (transaction !== undefined) performative.value[STATE_OF_TRANSFER] = transactionalState(transaction);
    }
    output.call(session, performative, payload);
  };
  const receive = insides.on_disposition;
  insides.on_disposition = (frame) => {
    const { performative } = frame;
    const state = performative.value[STATE_OF_DISPOSITION];
    const described = numberOf(state);
    const fields = (state as Typed | undefined)?.value as readonly (Typed | undefined)[];
    if (described === TRANSACTIONAL_STATE) {
      performative.value[STATE_OF_DISPOSITION] = fields[1]?.value === null ? undefined : fields[1];
    } else if (described === DECLARED) {
      frames.declared(performative.first ?? 0, fields[0]?.value as Buffer);
      performative.value[STATE_OF_DISPOSITION] = ACCEPTED;
    }
    receive.call(session, frame);
  };
}

/** Whether a received message can still be settled over the connection that a session is of. */
export function canSettleOn(session: RheaSession, { link }: IncomingDelivery): boolean {
  return link.session.connection === session.connection && link.is_open();
}

const SYMBOLS: Readonly<Record<string, number>> = {
  "amqp:coordinator:list": COORDINATOR,
  "amqp:declared:list": DECLARED,
  "amqp:transactional-state:list": TRANSACTIONAL_STATE,
};

/** The number of a described value's type, by which name it may come as well. */
function numberOf(value: unknown): number | undefined {
  const descriptor = (value as Typed | RheaTerminus | null | undefined as Typed | undefined)?.descriptor?.value;
  if (typeof descriptor === "string") return SYMBOLS[descriptor];
  return typeof descriptor === "number" ? descriptor : undefined;
}
