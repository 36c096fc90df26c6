/** Rules that plain rhea breaks: many sends at once, lines that break, brokers that never answer. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { connect } from "@quittance/sdk";
import { expect } from "chai";
import type { ConformanceCase } from "../suite/conformance-case.js";

export const FAULT_CASES: readonly ConformanceCase[] = [
  {
    id: "J-7.3-01",
    section: "7.3",
    title: "Five thousand sends may be under way at once, and each arrives in order",
    run: async (context) => {
      const destination = context.queue();
      const producer = await context.producer(destination, { maximumInFlight: 5_000, deliveryMode: "non-persistent" });
      const sent = Array.from({ length: 5_000 }, (_, index) => `${index}`);
      await producer.sendAll(sent.map((text) => ({ message: { text } })));
      expect(await context.texts(await context.consumer(destination), sent.length)).to.deep.equal(sent);
    },
  },
  {
    id: "J-6.1-10",
    section: "6.1.7",
    title: "What was received and not acknowledged when the connection broke comes again on the next",
    run: async (context) => {
      const destination = context.queue();
      const proxy = await context.proxy();
      const reconnect = { initialDelayMs: 1, maximumDelayMs: 20 };
      const connection = await context.connect({ reconnect }, proxy);
      const consumer = await connection.createConsumer(destination);
      await context.send(destination, "kept");
      const first = await context.next(consumer);
      proxy.cut();
      const again = await context.next(consumer);
      expect(again.text).to.equal("kept");
      // That of the connection that broke means nothing.
      first.accept();
      again.accept();
      expect(await context.rest(consumer)).to.deep.equal([]);
    },
  },
  {
    id: "J-6.1-11",
    section: "6.1.7",
    title: "Sends under way when the connection breaks end with an error that says that they may have arrived",
    run: async (context) => {
      const destination = context.queue();
      const proxy = await context.proxy();
      const connection = await context.connect({}, proxy);
      const producer = await connection.createProducer(destination);
      proxy.cutAt(Buffer.from("the last word"), false);
      const error = await producer.send({ text: "the last word" }).catch((reason: unknown) => reason);
      expect(error).to.include({ code: "connection-lost", mayHaveArrived: true });
    },
  },
  {
    id: "J-6.1-12",
    section: "6.1.3",
    title: "Connecting to somebody who never answers ends with its time-out",
    rheaFaults: [13],
    run: async () => {
      const sockets = new Set<Socket>();
      const server = createServer((socket) => sockets.add(socket));
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const options = { reconnect: false, connectTimeoutMs: 100 } as const;
      const connecting = connect(`amqp://127.0.0.1:${port}`, options);
      expect(await connecting.catch((reason: unknown) => reason)).to.have.property("code", "connection-failed");
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  },
  {
    id: "J-8.7-03",
    section: "8.7",
    title: "A message whose listener throws costs neither the connection nor the messages after it",
    rheaFaults: [5],
    run: async (context) => {
      const destination = context.queue();
      const connection = await context.connection();
      const texts: (string | undefined)[] = [];
      const all = Promise.withResolvers<void>();
      await connection.createConsumer(destination, {
        onMessage: (message) => {
          if (message.text === "poison") {
            message.reject("poison");
            throw new Error("poison");
          }
          texts.push(message.text);
          message.accept();
          if (texts.length === 2) all.resolve();
        },
      });
      for (const text of ["1", "poison", "2"]) await context.send(destination, text);
      await all.promise;
      expect(texts).to.deep.equal(["1", "2"]);
      expect(connection.state.name).to.equal("open");
    },
  },
];
