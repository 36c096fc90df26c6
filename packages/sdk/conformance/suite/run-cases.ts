/** Runs every case on one broker, one test each, and leaves what was seen for the table in the docs. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { expect } from "chai";
import { ALL_CASES } from "../all-cases.js";
import type { BrokerName, BrokerUnderTest } from "../harness/broker-under-test.js";
import { CaseContext } from "./case-context.js";
import type { ConformanceCase } from "./conformance-case.js";
import { resultsFile } from "./results-file.js";
import { columnOf, type Result, TABLE_PAGE } from "./table.js";

/** A broker may have to be fetched first. */
const START_TIMEOUT_MS = 300_000;

export function runCases(name: BrokerName, title: string, start: () => Promise<BrokerUnderTest>): void {
  describe(`JMS 3.1 on ${title}`, () => {
    let broker: BrokerUnderTest;
    let context: CaseContext;
    const results: Result[] = [];

    before(async function startTheBroker() {
      this.timeout(START_TIMEOUT_MS);
      broker = await start();
    });
    after(() => broker?.stop());
    beforeEach(() => {
      context = new CaseContext(broker);
    });
    afterEach(() => context.close());

    for (const one of ALL_CASES) {
      const { id, section, title: rule, rheaFaults } = one;
      const difference = one.differs?.[name];
      it(sentenceOf(one, difference !== undefined), async () => {
        if (difference === undefined) await one.run(context);
        else await difference.seen(context);
        results.push({
          id,
          section,
          title: rule,
          ...(rheaFaults && { rheaFaults: rheaFaults.join(", ") }),
          ...(difference && { why: difference.why }),
        });
      });
    }

    it("is as the table of the docs says", async () => {
      if (results.length < ALL_CASES.length) throw new Error("Not every case ran, or was as declared: see above.");
      await mkdir(dirname(resultsFile(name)), { recursive: true });
      await writeFile(resultsFile(name), `${JSON.stringify(results, undefined, 1)}\n`);
      const page = await readFile(TABLE_PAGE, "utf8").catch(() => "");
      const remedy = "run npm test -- --suite conformance, then node packages/sdk/conformance/dist/write-table.js";
      expect(columnOf(page, name), remedy).to.deep.equal(results);
    });
  });
}

function sentenceOf({ id, section, title }: ConformanceCase, differs: boolean): string {
  return `${id} (${section})${differs ? ", which does not hold" : ""}: ${title}`;
}
