import { expect } from "chai";
import { parseJsonObject } from "../../dist/gateway/json-text.js";

const read = (text: string) => parseJsonObject(Buffer.from(text));

describe("JSON text", () => {
  it("has each name once in an object, wherever quotes, colons and backslashes are in its strings", () => {
    const fine = [
      '{"a":"b:c","d":{"e":[{"f":1},{"f":2}]}}',
      '{"a\\"":":\\\\","b":"\\"x\\":"}',
      '{"a":"}{,:"}',
      '{"":{}}',
    ];
    for (const text of fine) expect(read(text), text).to.deep.equal(JSON.parse(text));
    const twice = [
      '{"a":1,"a":1}',
      '{"a":{"b":1,"b":2}}',
      '{"x":[{"b":1,"b":2}]}',
      '{"a\\\\":1,"a\\\\":2}',
      '{"a":1,"\\u0061":2}',
    ];
    for (const text of twice) expect(() => read(text), text).to.throw("names a field twice");
  });

  it("keeps whole numbers exact, in whatever form, and takes others for none", () => {
    expect(read('{"a":9007199254740993,"b":1e3,"c":12.50e1,"d":-5,"e":1250.0}')).to.deep.equal({
      ...{ a: 9_007_199_254_740_993n, b: 1_000n, c: 125n, d: -5n, e: 1_250n },
    });
    expect(read('{"a":123456789012345}')).to.deep.equal({ a: 123_456_789_012_345 });
    expect(read('{"a":[1,2],"b":0.5}')).to.deep.equal({ a: [1n, 2n], b: Number.NaN });
  });

  it("is refused when it is none, or no object", () => {
    for (const text of ['{"a":"b}', '{"a":1', '{"a":"\\', "{:}", '{"a"::1}', "\\"]) {
      expect(() => read(text), text).to.throw("is not JSON");
    }
    for (const text of ["[]", "1.5", "null", '"{}"']) expect(() => read(text), text).to.throw("not a JSON object");
  });
});
