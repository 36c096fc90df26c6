/** What the SDK uses of rhea 3.0.5, as it is inside: its published types leave out half of it. */
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";

/** A message that rhea itself has sent. */
export interface RheaDelivery {
  readonly id: number;
  readonly remote_state: RheaOutcome | undefined;
  remote_settled: boolean;
  settled: boolean;
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
  readonly session: RheaSession;
  readonly error: AmqpCondition | undefined;
  readonly source: RheaTerminus | undefined;
  readonly target: RheaTerminus | undefined;
  readonly local: { readonly handle: number };
  credit: number;
  delivery_count: number;
  close(): void;
  detach(): void;
  is_open(): boolean;
  is_remote_open(): boolean;
  is_receiver(): boolean;
}

export interface RheaSender extends RheaLink {
  readonly remote: { readonly attach?: { readonly max_message_size?: unknown } };
  send(bytes: Buffer, tag: Buffer, format: 0): RheaDelivery;
}

export interface RheaReceiver extends RheaLink {
  drain: boolean;
}

/** What rhea's own sessions have on their way. */
export interface RheaOutgoing {
  readonly next_delivery_id: number;
  readonly next_pending_delivery: number;
  available(): number;
}

export interface RheaSession extends EventEmitter {
  readonly error: AmqpCondition | undefined;
  readonly connection: RheaConnection;
  readonly local: { readonly channel: number };
  readonly remote: { readonly handles: Readonly<Record<number, RheaLink>> };
  /** {@link RheaOutgoing}, or what stands in for it. */
  outgoing: object;
  incoming: object;
  begin(): void;
  close(): void;
  open_sender(options: object): RheaSender;
  open_receiver(options: object): RheaReceiver;
  on_disposition(frame: RheaDisposition): void;
  _write_flow(link?: RheaLink): void;
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
  write(sink: { write(bytes: Buffer): void }): void;
  has_writes_pending(): boolean;
  /** The size of the frame that begins here, if that is known. */
  peek_size(buffer: Buffer): number | undefined;
}

/** The client's side of SASL. */
export interface RheaSaslClient {
  readonly transport: RheaTransport;
  /** The first that the broker names of these is used. */
  mechanisms: Readonly<Record<string, () => object>>;
  /** The one in use. */
  readonly mechanism: { doubt?(said: Buffer | undefined): string | undefined } | undefined;
  failed: boolean;
  on_sasl_mechanisms(frame: { readonly performative: { readonly sasl_server_mechanisms: unknown } }): void;
  on_sasl_outcome(frame: { readonly performative: { readonly code: number; readonly additional_data: unknown } }): void;
}

export interface RheaConnection extends EventEmitter {
  readonly socket: Duplex | undefined;
  readonly error: AmqpCondition | undefined;
  /** Set when SASL failed. */
  readonly transport_error: AmqpCondition | undefined;
  readonly properties: Readonly<Record<string, unknown>> | undefined;
  readonly offered_capabilities: string | readonly string[] | undefined;
  readonly local: { readonly open: { idle_time_out: number | undefined } };
  /** What the broker takes, as it said when it opened. */
  readonly max_frame_size: number | null | undefined;
  readonly idle_time_out: number | null | undefined;
  readonly state: { has_settled(): boolean };
  readonly remote_channel_map: Readonly<Record<number, RheaSession>>;
  /** The layer that reads and writes now. */
  readonly transport: RheaTransport;
  readonly amqp_transport: RheaTransport;
  /** Made as it connects. */
  readonly sasl_transport: RheaSaslClient | undefined;
  socket_ready: boolean;
  init(socket: Duplex): this;
  connect(): void;
  close(): void;
  create_session(size: { readonly incoming: number; readonly outgoing: number }): RheaSession;
  is_closed(): boolean;
  input(bytes: Buffer): void;
  output(): void;
  sasl_failed(text: string, condition?: string): void;
  _register(): void;
  _process(): void;
  _disconnected(): void;
}
