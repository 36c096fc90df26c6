/** Beside AMQP clients of other languages, which know nothing of JMS: what they send, and what they get of ours. */
import { byte, double, float, int, long, short } from "@quittance/sdk";
import { expect } from "chai";
import { startArtemisBroker } from "../harness/artemis-broker.js";
import type { BrokerUnderTest } from "../harness/broker-under-test.js";
import { startEmbeddedBroker } from "../harness/embedded-broker.js";
import { CaseContext } from "../suite/case-context.js";
import { AmqpPeer, type PeerMessage } from "./amqp-peer.js";
import { AROUND, BODIES, IDS, type PeerBody, RARE_TYPES, SECTIONS } from "./peer-messages.js";

/** Artemis and Go's modules may have to be fetched first. */
const START_TIMEOUT_MS = 300_000;
const BYTES = Uint8Array.of(0, 1, 127, 128, 255);
const BASE64 = Buffer.from(BYTES).toString("base64");

const PEERS: readonly (readonly [name: string, start: typeof AmqpPeer.startGo, bodies: readonly PeerBody[]])[] = [
  ["go-amqp", AmqpPeer.startGo, [...BODIES, ...SECTIONS]],
  ["Qpid Proton in Python", AmqpPeer.startPython, [...BODIES, ...RARE_TYPES]],
];

for (const [title, startBroker] of [
  ["the embedded broker", startEmbeddedBroker],
  ["Artemis", startArtemisBroker],
] as const) {
  describe(`Beside other AMQP clients on ${title}`, () => {
    let broker: BrokerUnderTest;
    let context: CaseContext;

    before(async function start() {
      this.timeout(START_TIMEOUT_MS);
      broker = await startBroker();
    });
    after(() => broker?.stop());
    beforeEach(() => {
      context = new CaseContext(broker);
    });
    afterEach(() => context.close());

    for (const [name, startPeer, bodies] of PEERS) {
      describe(name, () => {
        let peer: AmqpPeer;

        before(async function start() {
          this.timeout(START_TIMEOUT_MS);
          peer = await startPeer(broker.url);
        });
        after(() => peer?.stop());

        for (const { what, sent, kind, body } of bodies) {
          it(`we read what it sends with ${what}, and it gets back what we send on as it was`, async () => {
            const [first, second] = [context.queue(), context.queue()];
            const original: PeerMessage = { ...AROUND, ...sent };
            await peer.send(first.address, original);
            const message = await context.next(await context.consumer(first));
            expect(message).to.include({
              kind,
              messageId: "ID:AMQP_UUID:8e3c1b1a-5b1d-4c35-9f5f-4d3c2b1a0f0e",
              correlationId: "ID:AMQP_ULONG:18446744073709551615",
              type: "type-1",
              priority: 7,
              deliveryMode: "persistent",
              groupId: "group-1",
              groupSequence: 4_294_967_295,
              contentEncoding: "x-packed",
            });
            expect(message.body).to.deep.equal(body);
            expect(message.properties).to.include({
              "content-encoding": "gzip",
              "x-trace": true,
              aLong: -9_223_372_036_854_775_808n,
              anUnsigned: 18_446_744_073_709_551_615n,
              aTime: 4_102_444_800_123,
            });
            await (await context.producer(second)).send(message);
            message.accept();
            const copy = await peer.receive(second.address);
            expect(bodyOf(copy)).to.deep.equal(bodyOf(original));
            expect(copy).to.include({ durable: true, priority: 7 });
            expect(copy.annotations).to.deep.include(AROUND.annotations);
            expect(copy.properties).to.deep.include(AROUND.properties);
            expect(copy.application).to.deep.equal(AROUND.application);
          });
        }

        for (const [form, typed, id] of IDS) {
          it(`an id that is ${form} is the same to it and to us, and in our answer to it`, async () => {
            const [asked, answered] = [context.queue(), context.queue()];
            const value = ["string", "x"] as const;
            await peer.send(asked.address, { durable: false, priority: 4, properties: { messageId: typed }, value });
            const message = await context.next(await context.consumer(asked));
            expect(message.messageId).to.equal(id);
            message.accept();
            await context.send(answered, { text: "x", messageId: id, correlationId: message.messageId ?? "" });
            const { properties } = await peer.receive(answered.address);
            expect(properties?.messageId).to.deep.equal(typed);
            expect(properties?.correlationId).to.deep.equal(typed);
          });
        }

        it("reads our texts, headers, durations and times, and properties with their types", async () => {
          const destination = context.queue();
          const properties = {
            aByte: byte(-5),
            aShort: short(-300),
            anInt: int(-70_000),
            aLong: long(5n),
            aFloat: float(1.5),
            aDouble: double(3.5),
            aBoolean: true,
            aString: "Ünï 漢字",
          };
          const before = Date.now();
          const message = {
            text: "Ünï",
            correlationId: "c-1",
            type: "type-1",
            groupId: "g",
            groupSequence: 7,
            properties,
          };
          await context.send(destination, message, { priority: 8, timeToLiveMs: 600_000 });
          const read = await peer.receive(destination.address);
          expect(read).to.deep.include({ durable: true, priority: 8, value: ["string", "Ünï"] });
          expect(read.ttl).to.be.within(590_000, 600_000);
          const created = Number(read.properties?.created?.[1]);
          expect(created).to.be.within(before, Date.now());
          expect(read.properties).to.deep.include({
            correlationId: ["string", "c-1"],
            subject: ["string", "type-1"],
            groupId: ["string", "g"],
            groupSequence: ["uint", "7"],
            expiry: ["timestamp", `${created + 600_000}`],
          });
          expect(read.application).to.deep.equal({
            aByte: ["byte", "-5"],
            aShort: ["short", "-300"],
            anInt: ["int", "-70000"],
            aLong: ["long", "5"],
            aFloat: ["float", "1.5"],
            aDouble: ["double", "3.5"],
            aBoolean: ["boolean", true],
            aString: ["string", "Ünï 漢字"],
          });
        });

        it("reads our bytes, maps and streams", async () => {
          const destination = context.queue();
          await context.send(destination, { bytes: BYTES });
          expect((await peer.receive(destination.address)).data).to.deep.equal([["binary", BASE64]]);
          const map = { amount: long(5n), bytes: BYTES, nothing: null, paid: true };
          await context.send(destination, { map });
          expect((await peer.receive(destination.address)).value).to.deep.equal([
            "map",
            [
              [
                ["string", "amount"],
                ["long", "5"],
              ],
              [
                ["string", "bytes"],
                ["binary", BASE64],
              ],
              [["string", "nothing"], ["null"]],
              [
                ["string", "paid"],
                ["boolean", true],
              ],
            ],
          ]);
          await context.send(destination, { stream: [int(1), "two", null] });
          const stream = await peer.receive(destination.address);
          expect(stream.sequences ?? [stream.value?.[1]]).to.deep.equal([[["int", "1"], ["string", "two"], ["null"]]]);
        });
      });
    }
  });
}

function bodyOf({ data, sequences, value, footer }: PeerMessage) {
  return { data, sequences, value, footer };
}
