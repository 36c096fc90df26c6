import { expect } from "chai";
import { amqpSights } from "./amqp-sights.js";

function frame(code: number, type = 0): Buffer {
  const bytes = Buffer.from([0, 0, 0, 0, 2, type, 0, 0, 0, 0x53, code, 0xc0, 1, 0]);
  bytes.writeUInt32BE(bytes.length, 0);
  return bytes;
}

const HEADER = Buffer.from("AMQP\0\x01\0\0", "latin1");
const EMPTY = Buffer.from([0, 0, 0, 8, 2, 0, 0, 0]);

describe("What is seen of AMQP", () => {
  it("are performatives, and neither headers, SASL nor empty frames", () => {
    const stream = Buffer.concat([HEADER, frame(0x41, 1), HEADER, EMPTY, frame(0x10), frame(0x14), frame(0x15)]);
    expect(amqpSights()(stream)).to.deep.equal(["open", "transfer", "disposition"]);
  });

  it("is the same however the stream is cut into pieces", () => {
    const stream = Buffer.concat([HEADER, frame(0x14), EMPTY, frame(0x15)]);
    const look = amqpSights();
    const seen = [...stream].flatMap((byte) => look(Buffer.from([byte])));
    expect(seen).to.deep.equal(["transfer", "disposition"]);
  });
});
