/** What the SDK uses of rhea 3.0.5, as it is inside: its published types leave out half of it. */
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { UnsettledDeliveries } from "./unsettled-deliveries.js";

export interface RheaDelivery {
  readonly id: number;
  readonly state: { readonly descriptor?: { readonly value?: unknown } } | undefined;
  readonly remote_state: RheaOutcome | undefined;
  remote_settled: boolean;
  settled: boolean;
  update(settled: boolean, state?: unknown): void;
}

export interface RheaOutcome {
  readonly constructor: { readonly composite_type?: string };
  readonly error?: AmqpCondition | null;
}

/** An AMQP error as a peer gives it. */
export interface AmqpCondition {
  readonly condition?: string;
  readonly description?: string;
}

/** A source or target; AMQP's null is one whose value is null. */
export interface RheaTerminus {
  readonly value: unknown;
  readonly address?: string | null;
  readonly filter?: unknown;
}

export interface RheaLink extends EventEmitter {
  readonly name: string;
  readonly error: AmqpCondition | undefined;
  readonly source: RheaTerminus | undefined;
  readonly target: RheaTerminus | undefined;
  credit: number;
  issue_flow: boolean;
  close(): void;
  detach(): void;
  is_open(): boolean;
}

export interface RheaSender extends RheaLink {
  readonly remote: { readonly attach?: { readonly max_message_size?: unknown } };
  send(bytes: Buffer, tag: Buffer, format: 0): RheaDelivery;
}

export interface RheaReceiver extends RheaLink {
  drain: boolean;
  add_credit(credit: number): void;
}

export interface RheaSession extends EventEmitter {
  readonly error: AmqpCondition | undefined;
  readonly outgoing: {
    readonly next_delivery_id: number;
    readonly next_pending_delivery: number;
    available(): number;
  };
  readonly incoming: {
    deliveries: UnsettledDeliveries<RheaDelivery>;
    readonly updated: readonly RheaDelivery[];
    process(session: RheaSession): void;
  };
  begin(): void;
  close(): void;
  open_sender(options: object): RheaSender;
  open_receiver(options: object): RheaReceiver;
  on_transfer(frame: { readonly performative: { message_format: number } }): void;
  on_disposition(frame: RheaDisposition): void;
  _write_flow(link: RheaLink): void;
}

export interface RheaDisposition {
  readonly performative: {
    readonly first: number;
    readonly last: number | null | undefined;
    readonly state: { readonly value: unknown } | undefined;
    readonly value: unknown[];
  };
}

/** Splits what was read into frames and acts on each; returns the number of bytes used. */
export interface RheaTransport {
  readonly header_received: unknown;
  readonly read_complete: boolean;
  read(buffer: Buffer): number;
}

export interface RheaConnection extends EventEmitter {
  readonly socket: Socket | undefined;
  readonly error: AmqpCondition | undefined;
  /** Set when SASL failed. */
  readonly transport_error: AmqpCondition | undefined;
  readonly properties: Readonly<Record<string, unknown>> | undefined;
  readonly offered_capabilities: string | readonly string[] | undefined;
  readonly local: { readonly open: { idle_time_out: number | undefined } };
  readonly amqp_transport: RheaTransport;
  /** Made as it connects. */
  readonly sasl_transport: { readonly transport: RheaTransport } | undefined;
  socket_ready: boolean;
  init(socket: Socket): this;
  connect(): void;
  close(): void;
  create_session(size: { readonly incoming: number; readonly outgoing: number }): RheaSession;
  _process(): void;
  _disconnected(): void;
}
