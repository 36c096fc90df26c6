import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

interface TestFiles {
  findTestFile(path: string, home: string): Promise<{ source: string; compiled: string; project: string }>;
}

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
// Plain JavaScript at the top of the repository, outside what the compiler sees.
const { findTestFile } = (await import(
  new URL("../../../../scripts/test-file.mjs", import.meta.url).href
)) as TestFiles;

describe("One file of tests", () => {
  it("is found from the top of the repository and from the user's folder", async () => {
    const found = {
      source: "packages/services/test/gateway/pay.test.ts",
      compiled: "packages/services/dist-test/gateway/pay.test.js",
      project: "packages/services/test",
    };
    expect(await findTestFile("packages/services/test/gateway/pay.test.ts", "/")).to.deep.equal(found);
    expect(await findTestFile("pay.test.ts", join(ROOT, "packages/services/test/gateway"))).to.deep.equal(found);
  });

  it("is found beside sources, as those of the fault campaign are", async () => {
    expect(await findTestFile("packages/services/fuzz/src/judge.test.ts", "/")).to.deep.equal({
      source: "packages/services/fuzz/src/judge.test.ts",
      compiled: "packages/services/fuzz/dist/judge.test.js",
      project: "packages/services/fuzz",
    });
  });

  it("that is not there is refused, and the nearest is named", async () => {
    const refused = await findTestFile("gateway/payment-ids.test.ts", ROOT).catch((error: unknown) => error);
    expect(refused).to.have.property(
      "message",
      "There is no file of tests gateway/payment-ids.test.ts. The nearest is packages/services/test/gateway/payment-id.test.ts.",
    );
  });
});
