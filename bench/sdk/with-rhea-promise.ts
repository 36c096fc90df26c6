/** The same work by rhea-promise, written as its documentation shows it, with as many messages under way as the SDK has. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { cached, runCommand } from "#conformance/harness/java-process.js";
import type { BenchBroker } from "./bench-broker.js";
import { type Contender, manyAtOnce, REQUESTS_IN_FLIGHT, TEXT, WINDOW } from "./contender.js";

/** Fetched when it is measured: nothing else here needs it. */
const VERSION = "3.0.3";
const QUEUE = ["queue"];

/** What the bench uses of it. */
interface RheaPromise {
  readonly Connection: new (options: object) => Connection;
}

interface Connection {
  open(): Promise<unknown>;
  close(): Promise<void>;
  createSender(options: object): Promise<Sender<unknown>>;
  createAwaitableSender(options: object): Promise<Sender<Promise<unknown>>>;
  createReceiver(options: object): Promise<Receiver>;
}

interface Link {
  readonly address: string;
  close(): Promise<void>;
}

interface Sender<Sent> extends Link {
  sendable(): boolean;
  once(event: "sendable", listener: () => void): void;
  send(message: object): Sent;
}

type Receiver = Link;

interface Context {
  readonly message: { readonly body: string; readonly correlation_id?: unknown; readonly reply_to?: string };
  readonly delivery: { accept(): void };
}

export async function rheaPromiseContender({ port }: BenchBroker): Promise<Contender> {
  const { Connection } = await fetchRheaPromise();
  const connection = new Connection({ host: "127.0.0.1", port, reconnect: false });
  await connection.open();
  return {
    send: (address, count) => send(connection, address, count),
    receive: (address, count) => receive(connection, address, count),
    request: (address, count) => request(connection, address, count),
    process: (from, to, count) => processAll(connection, from, to, count),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

async function fetchRheaPromise(): Promise<RheaPromise> {
  const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", `rhea-promise@${VERSION}`];
  const home = await cached(`rhea-promise-${VERSION}`, (directory) =>
    runCommand("npm", ["--prefix", directory, ...install], directory),
  );
  return createRequire(join(home, "package.json"))("rhea-promise") as RheaPromise;
}

const waits = new WeakMap<object, Promise<void>>();

/** A send without credit is an error there. All that wait for one sender wait by one listener. */
async function hasCredit(sender: Sender<unknown>): Promise<void> {
  while (!sender.sendable()) {
    let wait = waits.get(sender);
    if (wait === undefined) {
      wait = new Promise<void>((resolve) => sender.once("sendable", resolve)).then(() => void waits.delete(sender));
      waits.set(sender, wait);
    }
    await wait;
  }
}

function receiver(
  connection: Connection,
  address: string,
  onMessage: (context: Context) => void,
  autoaccept = true,
): Promise<Receiver> {
  const source = { address, capabilities: QUEUE };
  return connection.createReceiver({ source, credit_window: WINDOW, autoaccept, onMessage, onError: () => {} });
}

async function send(connection: Connection, address: string, count: number): Promise<void> {
  const sender = await connection.createAwaitableSender({ target: { address, capabilities: QUEUE } });
  await manyAtOnce(count, WINDOW, async () => {
    await hasCredit(sender);
    await sender.send({ body: TEXT, durable: true });
  });
  await sender.close();
}

async function receive(connection: Connection, address: string, count: number): Promise<void> {
  const all = Promise.withResolvers<void>();
  let left = count;
  const link = await receiver(connection, address, ({ message }) => {
    if (message.body.length !== TEXT.length) all.reject(new Error("a message came changed"));
    left -= 1;
    if (left === 0) all.resolve();
  });
  await all.promise;
  await link.close();
}

async function request(connection: Connection, address: string, count: number): Promise<void> {
  const answers = await connection.createSender({ target: {} });
  const requests = await receiver(connection, address, ({ message: { reply_to: to, correlation_id, body } }) => {
    answers.send({ to, correlation_id, body, durable: false });
  });
  const waiting = new Map<number, (value: unknown) => void>();
  const replies = await connection.createReceiver({
    source: { dynamic: true, address: "" },
    credit_window: WINDOW,
    onError: () => {},
    onMessage: ({ message }: Context) => {
      const id = Number(message.correlation_id);
      waiting.get(id)?.(message.body);
      waiting.delete(id);
    },
  });
  const sender = await connection.createSender({ target: { address, capabilities: QUEUE } });
  await Promise.all([hasCredit(sender), hasCredit(answers)]);
  await manyAtOnce(count, REQUESTS_IN_FLIGHT, (n) => {
    sender.send({ reply_to: replies.address, correlation_id: n, body: TEXT, durable: false });
    return new Promise((resolve) => waiting.set(n, resolve));
  });
  for (const link of [sender, answers, requests, replies]) await link.close();
}

async function processAll(connection: Connection, from: string, to: string, count: number): Promise<void> {
  const sender = await connection.createAwaitableSender({ target: { address: to, capabilities: QUEUE } });
  const all = Promise.withResolvers<void>();
  let left = count;
  const onMessage = async ({ message, delivery }: Context) => {
    await hasCredit(sender);
    await sender.send({ body: JSON.stringify(JSON.parse(message.body)), durable: true });
    delivery.accept();
    left -= 1;
    if (left === 0) all.resolve();
  };
  const link = await receiver(connection, from, (context) => void onMessage(context).catch(all.reject), false);
  await all.promise;
  await link.close();
  await sender.close();
}
