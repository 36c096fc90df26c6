/** The part of rhea 3.0.5 that the server front stands on, with types of its own: nothing else here knows its insides. */
import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import rhea from "rhea";
import type { RheaTransport } from "../rhea-types.js";
import type { Condition } from "./backend.js";

/** A source or target as rhea decodes it. Nothing in it can be trusted to have its type. */
export interface RheaTerminus {
  readonly address?: unknown;
  readonly durable?: unknown;
  readonly expiry_policy?: unknown;
  readonly timeout?: unknown;
  readonly dynamic?: unknown;
  readonly dynamic_node_properties?: unknown;
  readonly distribution_mode?: unknown;
  readonly filter?: unknown;
  readonly default_outcome?: unknown;
  readonly outcomes?: unknown;
  readonly capabilities?: unknown;
}

export interface RheaAttach {
  readonly name: string;
  readonly handle: number;
  /** True when the peer receives. */
  readonly role: boolean;
  readonly snd_settle_mode?: number | null;
  readonly rcv_settle_mode?: number | null;
  source: RheaTerminus | null | undefined;
  target: RheaTerminus | null | undefined;
  readonly initial_delivery_count?: number | null;
  readonly desired_capabilities?: unknown;
  readonly properties?: unknown;
  /** The fields as they came. */
  readonly value: unknown[];
}

export interface RheaFlow {
  readonly next_incoming_id?: number | null;
  readonly incoming_window: number;
  readonly next_outgoing_id: number;
  readonly handle?: number | null;
  readonly delivery_count?: number | null;
  readonly link_credit?: number | null;
  readonly drain?: boolean | null;
  readonly echo?: boolean | null;
}

export interface RheaFrame<P> {
  readonly channel: number;
  readonly performative: P;
}

export interface RheaLink {
  readonly name: string;
  readonly session: RheaSession;
  readonly remote: { handle: number | undefined; attach?: RheaAttach; detach?: { readonly closed?: boolean | null } };
  readonly local: {
    readonly handle: number;
    readonly attach: {
      source?: unknown;
      target?: unknown;
      snd_settle_mode?: number;
      rcv_settle_mode?: number;
      max_message_size?: number;
    };
    readonly detach: { closed: boolean };
  };
  credit: number;
  delivery_count: number;
  /** Of a receiver: whether its credit goes to the peer in rhea's next turn. */
  issue_flow: boolean;
  is_receiver(): boolean;
  set_source(fields: object): void;
  set_target(fields: object): void;
  close(error?: Condition): void;
  detach(): void;
  remove(): void;
  /** Of a receiver: gives the peer more credit. */
  flow(credit: number): void;
  on_attach(frame: RheaFrame<RheaAttach>): void;
  on_flow(frame: RheaFrame<RheaFlow>): void;
  _get_drain(): boolean;
}

export interface RheaSession {
  readonly connection: RheaConnection;
  readonly local: {
    readonly channel: number;
    readonly handles: Record<number, RheaLink>;
    readonly begin: { incoming_window: number };
  };
  readonly remote: {
    readonly handles: Record<number, RheaLink>;
    readonly begin: {
      readonly next_outgoing_id: number;
      readonly incoming_window: number;
    };
  };
  readonly links: Record<string, RheaLink>;
  incoming: object;
  outgoing: object;
  create_sender(name: string): RheaLink;
  create_receiver(name: string): RheaLink;
  remove_link(link: RheaLink): void;
  on_attach(frame: RheaFrame<RheaAttach>): void;
  _write_flow(link?: RheaLink): void;
}

interface SaslServer {
  readonly transport: RheaTransport;
}

export interface RheaConnection extends EventEmitter {
  readonly local: {
    readonly open: { idle_time_out: number | undefined; properties: object };
    readonly close: { error?: Condition | undefined; readonly value: unknown[] };
  };
  readonly remote: {
    readonly open?: {
      readonly container_id: unknown;
      readonly max_frame_size?: number | null;
      readonly desired_capabilities?: unknown;
    };
  };
  readonly remote_channel_map: Record<number, RheaSession>;
  readonly local_channel_map: Record<number, RheaSession>;
  readonly state: { readonly remote_open: boolean };
  readonly amqp_transport: RheaTransport;
  /** The server's SASL layer, or the choice between it and none. */
  readonly sasl_transport: SaslServer | { readonly transports: { readonly 3: SaslServer } } | undefined;
  socket_ready: boolean;
  heartbeat_in: NodeJS.Timeout | undefined;
  heartbeat_out: NodeJS.Timeout | undefined;
  abort_idle: NodeJS.Timeout | undefined;
  accept(socket: Socket): void;
  close(error?: Condition): void;
  on_begin(frame: RheaFrame<object>): void;
  output(): void;
  _register(): void;
  _process(): void;
}

/** One attempt to log in. `outcome` is what it came to. */
export interface RheaServerMechanism {
  outcome: boolean | undefined;
  /** Returns a challenge while there is no outcome. */
  start(response: Buffer | null): unknown;
  step?(response: Buffer): unknown;
}

export interface RheaContainer extends EventEmitter {
  readonly sasl_server_mechanisms: {
    enable_anonymous(): void;
    enable_plain(check: (user: string | null, password: string | null) => boolean): void;
    EXTERNAL?: () => RheaServerMechanism;
    XOAUTH2?: () => RheaServerMechanism;
    "SCRAM-SHA-256"?: () => RheaServerMechanism;
    "SCRAM-SHA-512"?: () => RheaServerMechanism;
  };
  create_connection(options: object): RheaConnection;
}

export function createContainer(id: string): RheaContainer {
  return rhea.create_container({ id }) as unknown as RheaContainer;
}

/** The value of the described type under which a filter goes into a source. */
export function describedString(value: string, descriptor: number): unknown {
  return rhea.types.wrap_described(value, descriptor);
}

/** The target of a link to the coordinator of transactions, with what it can do as Artemis says it (AMQP 1.0, 4.5.1). */
export function coordinatorTarget(): unknown {
  const abilities = ["amqp:local-transactions", "amqp:multi-txns-per-ssn", "amqp:multi-ssns-per-txn"];
  return rhea.types.wrap_described([rhea.types.wrap_array(abilities, 0xa3, undefined)], 0x30);
}

/** Closes a connection with an error whose info has symbols as keys and values, which rhea's own map has not. */
export function closeWithInfo(connection: RheaConnection, { condition, description, info }: Condition): void {
  connection.close({ condition, description });
  if (info === undefined) return;
  const [error] = connection.local.close.value as [{ readonly value: unknown[] } | undefined];
  const symbols = Object.fromEntries(Object.entries(info).map(([key, value]) => [key, rhea.types.wrap_symbol(value)]));
  if (error !== undefined) error.value[2] = rhea.types.wrap_symbolic_map(symbols);
}

/** Ends rhea's timers for good, and keeps it from writing to a socket that is gone. */
export function silence(connection: RheaConnection): void {
  connection.socket_ready = false;
  connection.local.open.idle_time_out = undefined;
  for (const timer of ["heartbeat_in", "heartbeat_out", "abort_idle"] as const) {
    clearTimeout(connection[timer]);
    connection[timer] = undefined;
  }
}
