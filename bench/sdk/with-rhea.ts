/** The same work by plain rhea, written as its documentation shows it, with as many messages under way as the SDK has. */
import { once } from "node:events";
// biome-ignore lint/style/noRestrictedImports: this bench compares the SDK with what it stands on.
import rhea, { type Connection, type Delivery, type EventContext, type Receiver, type Sender } from "rhea";
import type { BenchBroker } from "./bench-broker.js";
import { type Contender, manyAtOnce, REQUESTS_IN_FLIGHT, TEXT, WINDOW } from "./contender.js";

const QUEUE = ["queue"];

export async function rheaContender({ port }: BenchBroker): Promise<Contender> {
  const container = rhea.create_container();
  const connection = container.connect({ host: "127.0.0.1", port, reconnect: false });
  await once(connection, "connection_open");
  return {
    send: (address, count) => send(connection, address, count),
    receive: (address, count) => receive(connection, address, count),
    request: (address, count) => request(connection, address, count),
    process: (from, to, count) => processAll(connection, from, to, count),
    async [Symbol.asyncDispose]() {
      connection.close();
      await once(connection, "connection_close");
    },
  };
}

async function closeLink(link: Sender | Receiver): Promise<void> {
  const closed = once(link, link.is_sender() ? "sender_close" : "receiver_close");
  link.close();
  await closed;
}

async function send(connection: Connection, address: string, count: number): Promise<void> {
  const sender = connection.open_sender({ target: { address, capabilities: QUEUE } });
  let sent = 0;
  let accepted = 0;
  await new Promise<void>((resolve) => {
    const more = () => {
      for (; sent < count && sent - accepted < WINDOW && sender.sendable(); sent++) {
        sender.send({ body: TEXT, durable: true });
      }
    };
    sender.on("sendable", more);
    sender.on("accepted", () => {
      accepted += 1;
      if (accepted === count) resolve();
      else more();
    });
  });
  await closeLink(sender);
}

async function receive(connection: Connection, address: string, count: number): Promise<void> {
  const receiver = connection.open_receiver({ source: { address, capabilities: QUEUE }, credit_window: WINDOW });
  let left = count;
  await new Promise<void>((resolve, reject) => {
    receiver.on("message", ({ message }: EventContext) => {
      if (message?.body?.length !== TEXT.length) reject(new Error("a message came changed"));
      left -= 1;
      if (left === 0) resolve();
    });
  });
  await closeLink(receiver);
}

async function request(connection: Connection, address: string, count: number): Promise<void> {
  const answers = connection.open_sender({ target: {} });
  const requests = connection.open_receiver({ source: { address, capabilities: QUEUE }, credit_window: WINDOW });
  requests.on("message", ({ message }: EventContext) => {
    if (message !== undefined) {
      answers.send({
        to: message.reply_to,
        correlation_id: message.correlation_id,
        body: message.body,
        durable: false,
      });
    }
  });
  const sender = connection.open_sender({ target: { address, capabilities: QUEUE } });
  const replies = connection.open_receiver({ source: { dynamic: true, address: "" }, credit_window: WINDOW });
  await Promise.all([once(sender, "sendable"), once(answers, "sendable"), once(replies, "receiver_open")]);
  const waiting = new Map<number, (value: unknown) => void>();
  replies.on("message", ({ message }: EventContext) => {
    const id = Number(message?.correlation_id);
    waiting.get(id)?.(message?.body);
    waiting.delete(id);
  });
  await manyAtOnce(count, REQUESTS_IN_FLIGHT, (n) => {
    sender.send({ reply_to: replies.source.address, correlation_id: n, body: TEXT, durable: false });
    return new Promise((resolve) => waiting.set(n, resolve));
  });
  for (const link of [sender, answers, requests, replies]) await closeLink(link);
}

async function processAll(connection: Connection, from: string, to: string, count: number): Promise<void> {
  const sender = connection.open_sender({ target: { address: to, capabilities: QUEUE } });
  await once(sender, "sendable");
  const receiver = connection.open_receiver({
    source: { address: from, capabilities: QUEUE },
    credit_window: WINDOW,
    autoaccept: false,
  });
  const inputs = new Map<Delivery, Delivery>();
  const held: { readonly body: string; readonly input: Delivery }[] = [];
  let left = count;
  await new Promise<void>((resolve) => {
    const flush = () => {
      for (let next = held[0]; next !== undefined && sender.sendable(); next = held[0]) {
        held.shift();
        inputs.set(sender.send({ body: next.body, durable: true }), next.input);
      }
    };
    receiver.on("message", ({ message, delivery }: EventContext) => {
      if (message === undefined || delivery === undefined) return;
      held.push({ body: JSON.stringify(JSON.parse(message.body)), input: delivery });
      flush();
    });
    sender.on("sendable", flush);
    sender.on("accepted", ({ delivery }: EventContext) => {
      if (delivery === undefined) return;
      inputs.get(delivery)?.accept();
      inputs.delete(delivery);
      left -= 1;
      if (left === 0) resolve();
    });
  });
  await closeLink(receiver);
  await closeLink(sender);
}
