/** Transactions by hand on a plain client: rhea knows none, so each frame is made to say what a transaction needs. */
import rhea, { type Delivery, type Message, type Session } from "rhea";
import { until } from "../processor/until.js";
import type { PlainClient, PlainSender, SendOutcome } from "./plain-client.js";

const { types, message: rheaMessage } = rhea as unknown as {
  readonly types: {
    wrap_described(value: unknown, descriptor: number): unknown;
    wrap_binary(value: Buffer): unknown;
    wrap_symbol(value: string): unknown;
    wrap_array(values: readonly string[], code: number): unknown;
  };
  readonly message: { accepted(): { described(): unknown }; encode(message: Message): Buffer };
};

interface Described {
  readonly descriptor?: { readonly value: number };
  readonly value: readonly { readonly value: unknown }[];
}

interface RawSession {
  output(frame: { readonly value: unknown[] }, payload?: Buffer): void;
  on_attach(frame: { readonly performative: { readonly value: unknown[] } }): void;
  on_disposition(frame: { readonly performative: { state?: Described; readonly value: unknown[] } }): void;
}

const ACCEPTED = rheaMessage.accepted().described();

function stateWithin(id: Buffer): unknown {
  return types.wrap_described([types.wrap_binary(id), ACCEPTED], 0x34);
}

export class PlainTransactions {
  readonly link: PlainSender["link"];
  /** The target with which the broker answered. */
  target: unknown;
  readonly #client: PlainClient;
  readonly #pending = new Map<number, (outcome: SendOutcome) => void>();
  #declared: Buffer | undefined;

  private constructor(client: PlainClient, link: PlainSender["link"]) {
    this.#client = client;
    this.link = link;
    for (const name of ["accepted", "rejected"]) {
      link.on(name, ({ delivery }: { delivery: Delivery }) => {
        const error = (delivery.remote_state as { error?: { condition: string } } | undefined)?.error;
        this.#pending.get(delivery.id)?.({ name, condition: error?.condition });
      });
    }
  }

  static async open(client: PlainClient): Promise<PlainTransactions> {
    const session = client.session();
    const link = session.open_sender({ target: {}, treat_modified_as_released: false });
    const capabilities = types.wrap_array(["amqp:local-transactions"], 0xa3);
    (link as unknown as { local: { attach: { target: unknown } } }).local.attach.target = types.wrap_described(
      [capabilities],
      0x30,
    );
    const coordinator = new PlainTransactions(client, link);
    const raw = session as unknown as RawSession;
    const attach = raw.on_attach;
    raw.on_attach = (frame) => {
      coordinator.target = frame.performative.value[6];
      // rhea prints a target that it does not know.
      frame.performative.value[6] = types.wrap_described([], 0x29);
      attach.call(session, frame);
    };
    understandStates(session, (id) => {
      coordinator.#declared = id;
    });
    await until("the coordinator gives credit", () => link.sendable());
    return coordinator;
  }

  /** @returns the id of a new transaction. */
  async declare(): Promise<Buffer> {
    await this.#say(Buffer.from("00537700533145", "hex"));
    return this.#declared as Buffer;
  }

  discharge(id: Buffer, fail: boolean): Promise<SendOutcome> {
    const head = Buffer.from([0x00, 0x53, 0x77, 0x00, 0x53, 0x32, 0xc0, id.length + 4, 2, 0xa0, id.length]);
    return this.#say(Buffer.concat([head, id, Buffer.from([fail ? 0x41 : 0x42])]));
  }

  /** A sender whose messages belong to a transaction. */
  async sender(id: Buffer, target: string | undefined): Promise<PlainSender> {
    const session = this.#client.session();
    understandStates(session, () => {});
    const raw = session as unknown as RawSession;
    const output = raw.output;
    raw.output = (frame, payload) => {
      if (payload !== undefined) frame.value[7] = types.wrap_described([types.wrap_binary(id)], 0x34);
      output.call(session, frame, payload);
    };
    return this.#client.sender(target, {}, session);
  }

  async #say(bytes: Buffer): Promise<SendOutcome> {
    const { promise, resolve } = Promise.withResolvers<SendOutcome>();
    const delivery = this.link.send(bytes, undefined, 0);
    this.#pending.set(delivery.id, resolve);
    return promise;
  }
}

/** Accepts a message if the transaction commits. */
export async function acceptWithin(delivery: Delivery, id: Buffer, settled = true): Promise<void> {
  understandStates((delivery as unknown as { link: { session: Session } }).link.session, () => {});
  delivery.update(settled, stateWithin(id) as never);
  // In rhea transfers leave before dispositions: a discharge in the same turn would overtake this.
  await new Promise((resolve) => process.nextTick(resolve));
}

/** rhea prints states that it does not know: each is replaced by the outcome in it. */
function understandStates(session: Session, declared: (id: Buffer) => void): void {
  const raw = session as unknown as RawSession;
  const receive = raw.on_disposition;
  raw.on_disposition = (frame) => {
    const { performative } = frame;
    const { state } = performative;
    if (state?.descriptor?.value === 0x33) {
      declared(state.value[0]?.value as Buffer);
      performative.value[4] = ACCEPTED;
    } else if (state?.descriptor?.value === 0x34) performative.value[4] = state.value[1];
    receive.call(session, frame);
  };
}
