import { connect, type IncomingHttpHeaders } from "node:http2";
import { gzipSync } from "node:zlib";
import { credentials, type Metadata, makeGenericClientConstructor, type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import { PaymentServiceService, PayRequest } from "../../dist/gen/quittance/payments/v1/payments.js";
import { CARD_NUMBER, decodeFailure, payRequest } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

const METHODS = ["pay", "refundPayment", "getPayment", "getRefund", "listPayments"] as const;

/** Protobuf's length-delimited field: key, length, bytes. */
function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

const MALFORMED: readonly [string, Buffer][] = [
  ["a field that ends too early", Buffer.from([0x0a, 0x20, 0x61])],
  ["a varint without an end", Buffer.alloc(11, 0xff)],
  ["tag 0", Buffer.concat([field(1, Buffer.from("x")), Buffer.from([0x00, 0x01])])],
  ["the end of a group that did not begin", Buffer.from([0x0c])],
  ["a wire type that does not exist", Buffer.from([0x0f])],
  ["a string that is not UTF-8", field(1, Buffer.from([0xff, 0xfe]))],
];

describe("Malformed messages by gRPC", () => {
  const gateway = useGateway();

  /** Calls a method with bytes as they are. */
  async function call(method: (typeof METHODS)[number], bytes: Buffer, metadata: Metadata): Promise<ServiceError> {
    const { path } = PaymentServiceService[method];
    const Client = makeGenericClientConstructor({}, "Raw");
    const client = new Client(gateway().grpcAddress, credentials.createInsecure());
    try {
      return await new Promise((resolve, reject) => {
        const same = (value: Buffer) => value;
        client.makeUnaryRequest(path, same, same, bytes, metadata, {}, (error) =>
          error === null ? reject(new Error("It was taken.")) : resolve(error),
        );
      });
    } finally {
      client.close();
    }
  }

  for (const [what, bytes] of MALFORMED) {
    it(`are INVALID_ARGUMENT in every method: ${what}`, async () => {
      for (const method of METHODS) {
        // The string of ListPayments is its second field; of the first it is no number, which is skipped.
        if (method === "listPayments" && bytes[0] === 0x0a && bytes[1] === 2) continue;
        const error = await call(method, bytes, gateway().api.metadata());
        expect(error.code, `${method}: ${error.details}`).to.equal(status.INVALID_ARGUMENT);
        expect(decodeFailure(error).info?.reason).to.equal("MALFORMED_BODY");
      }
    });

    it(`are told only to who is authenticated: ${what}`, async () => {
      const error = await call("pay", bytes, gateway().api.metadata({ authorization: "Bearer x" }));
      expect(error.code).to.equal(status.UNAUTHENTICATED);
    });
  }

  for (const [what, bytes] of [
    ["damaged", Buffer.from("this is no gzip")],
    ["cut", gzipSync(Buffer.alloc(1_000)).subarray(0, 20)],
    ["empty", Buffer.alloc(0)],
  ] as const) {
    it(`are INVALID_ARGUMENT when they are compressed and ${what}`, async () => {
      expect(await compressedCall(bytes, gateway().api.token)).to.equal(String(status.INVALID_ARGUMENT));
      expect(await compressedCall(bytes, "x")).to.equal(String(status.UNAUTHENTICATED));
    });
  }

  it("are taken when they are compressed and whole", async () => {
    const bytes = gzipSync(PayRequest.encode(payRequest("gzip", { wait: { seconds: 0n, nanos: 0 } })).finish());
    expect(await compressedCall(bytes, gateway().api.token)).to.equal(String(status.OK));
    await gateway().bank.take();
  });

  /** The status of a call of Pay whose message says that it is compressed. */
  function compressedCall(bytes: Uint8Array, token: string): Promise<string> {
    const session = connect(`http://${gateway().grpcAddress}`);
    const frame = Buffer.alloc(5);
    frame.writeUInt8(1, 0);
    frame.writeUInt32BE(bytes.length, 1);
    return new Promise<string>((resolve, reject) => {
      session.once("error", reject);
      const stream = session.request({
        ":method": "POST",
        ":path": PaymentServiceService.pay.path,
        "content-type": "application/grpc",
        "grpc-encoding": "gzip",
        authorization: `Bearer ${token}`,
        te: "trailers",
      });
      const told = (headers: IncomingHttpHeaders) => {
        if (headers["grpc-status"] !== undefined) resolve(String(headers["grpc-status"]));
      };
      stream.on("response", told).on("trailers", told).on("error", reject).resume();
      stream.end(Buffer.concat([frame, bytes]));
    }).finally(() => session.close());
  }

  it("are found inside of a message as well", async () => {
    const card = Buffer.from([0x0a, 0x02, 0xff, 0xfe]);
    const bytes = Buffer.concat([field(1, Buffer.from("inner")), field(2, card)]);
    const error = await call("pay", bytes, gateway().api.metadata());
    expect(decodeFailure(error).info?.reason).to.equal("MALFORMED_BODY");
  });

  it("are those with a key of metadata that would be lost", async () => {
    const entry = Buffer.concat([field(1, Buffer.from("__proto__")), field(2, Buffer.from("x"))]);
    const whole = Buffer.from(PayRequest.encode(payRequest("lost-key")).finish());
    const error = await call("pay", Buffer.concat([whole, field(7, entry)]), gateway().api.metadata());
    expect(decodeFailure(error).info?.reason).to.equal("MALFORMED_BODY");
    // As a text it is one like others.
    await gateway().api.pay(payRequest("__proto__", { description: "__proto__", wait: { seconds: 0n, nanos: 0 } }));
    await gateway().bank.take();
  });

  it("never pay: of a request cut anywhere, what is left is refused", async () => {
    const whole = Buffer.from(PayRequest.encode(payRequest("cut", { wait: undefined, description: "" })).finish());
    for (let length = 0; length < whole.length; length++) {
      const error = await call("pay", whole.subarray(0, length), gateway().api.metadata());
      expect(error.code, `${length} bytes`).to.equal(status.INVALID_ARGUMENT);
      expect(error.details).not.to.contain(CARD_NUMBER);
    }
    expect(gateway().broker().messageCount("payment")).to.equal(0);
  });
});
