import { type DescField, type DescMessage, fromBinary, ScalarType, toJson } from "@bufbuild/protobuf";
import { expect } from "chai";
import { messageDescriptor } from "../../dist/gateway/api-descriptor.js";
import * as api from "../../dist/gen/quittance/payments/v1/payments.js";
import { messageToJson } from "../../dist/shared/json-writer.js";

const ANSWERS = {
  PayResponse: api.PayResponse,
  RefundPaymentResponse: api.RefundPaymentResponse,
  GetPaymentResponse: api.GetPaymentResponse,
  GetRefundResponse: api.GetRefundResponse,
  ListPaymentsResponse: api.ListPaymentsResponse,
  ListRefundsResponse: api.ListRefundsResponse,
} as const;

describe("An answer in JSON", () => {
  for (const [name, codec] of Object.entries(ANSWERS)) {
    it(`is what protobuf's own mapping makes of a ${name}, with every field, with none, and with all between`, () => {
      const schema = messageDescriptor(name);
      // Each bit of a pattern says whether a field is there.
      for (let pattern = 0; pattern < 300; pattern++) {
        const message = filled(schema, { bits: pattern * 2_654_435_761 });
        const same = fromBinary(schema, (codec as typeof api.PayResponse).encode(message as api.PayResponse).finish());
        expect(messageToJson(schema, message), `pattern ${pattern}`).to.deep.equal(
          toJson(schema, same, { alwaysEmitImplicit: true }),
        );
        expect(JSON.stringify(messageToJson(schema, message))).to.equal(
          JSON.stringify(toJson(schema, same, { alwaysEmitImplicit: true })),
        );
      }
    });
  }

  it("names times with as many digits as they need", () => {
    const written = (time: string) =>
      messageToJson(messageDescriptor("Payment"), api.Payment.fromPartial({ createTime: new Date(time) }));
    expect(written("2026-03-04T05:06:07.000Z")).to.include({ createTime: "2026-03-04T05:06:07Z" });
    expect(written("2026-03-04T05:06:07.080Z")).to.include({ createTime: "2026-03-04T05:06:07.080Z" });
  });

  it("keeps a state that has no name here as a number", () => {
    const payment = { ...api.Payment.fromPartial({}), state: 77 };
    expect(messageToJson(messageDescriptor("Payment"), payment)).to.include({ state: 77 });
  });
});

/** A message of ts-proto's type, some of whose fields are there. */
function filled(schema: DescMessage, choice: { bits: number }): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const field of schema.fields) {
    choice.bits = (choice.bits * 1_664_525 + 1_013_904_223) % 2 ** 32;
    const isThere = choice.bits > 2 ** 31;
    if (field.fieldKind === "list")
      message[field.localName] = isThere ? [0, 1].map(() => one(field, choice, true)) : [];
    else if (field.fieldKind === "map")
      message[field.localName] = isThere ? { basket: one(field, choice, true), b: "" } : {};
    else if (field.fieldKind === "message") message[field.localName] = isThere ? one(field, choice, true) : undefined;
    else message[field.localName] = one(field, choice, isThere);
  }
  return message;
}

function one(field: DescField, choice: { bits: number }, isThere: boolean): unknown {
  if (field.message?.typeName === "google.protobuf.Timestamp")
    return new Date(1_700_000_000_000 + (choice.bits % 1_000));
  if (field.message !== undefined) return filled(field.message, choice);
  if (field.enum !== undefined) return isThere ? (field.enum.values.at(-1)?.number ?? 0) : 0;
  if (field.scalar === ScalarType.STRING) return isThere ? `Zoë "${choice.bits}" 🙂 \u2028` : "";
  if (field.scalar === ScalarType.INT64) return isThere ? -(2n ** 63n) + BigInt(choice.bits) : 0n;
  return isThere ? choice.bits % 2 ** 31 : 0;
}
