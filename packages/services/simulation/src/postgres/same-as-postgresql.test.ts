import { expect } from "chai";
import { useDatabase } from "../../../dist-test/support/database-for-tests.js";
import { Random } from "../random.js";
import { ModelBackend, PostgresBackend } from "./backends.js";
import { interleave } from "./interleave.js";
import { RandomWork } from "./random-work.js";

/** Pairs of transactions that are compared; every tenth time all rows are. */
const PAIRS = Number(process.env.QUITTANCE_SIMULATION_PAIRS ?? 150);

describe("The model of the database", function () {
  this.timeout(300_000);
  const database = useDatabase();

  it("answers, waits, refuses and keeps rows as PostgreSQL does, for pairs of transactions in random orders", async () => {
    const postgres = await PostgresBackend.open(database());
    try {
      const model = new ModelBackend();
      const seen = { waits: 0, refused: 0, deadlocks: 0 };
      for (let pair = 1; pair <= PAIRS; pair += 1) {
        // Several pairs are about the same payments, one after the other.
        const makeWorks = () => {
          const random = new RandomWork(new Random(pair), String(Math.floor(pair / 8)));
          return [random.next(), random.next()];
        };
        const real = await interleave(postgres, new Random(pair), makeWorks());
        const modelled = await interleave(model, new Random(pair), makeWorks());
        if (real.deadlock || modelled.deadlock) {
          expect(modelled.deadlock, `pair ${pair}`).to.equal(real.deadlock);
          seen.deadlocks += 1;
          break;
        }
        expect(modelled.log, `pair ${pair}`).to.deep.equal(real.log);
        seen.waits += real.log.filter((line) => line.endsWith(" waits")).length;
        seen.refused += real.results.filter(({ error }) => error !== undefined).length;
        if (pair % 10 === 0)
          expect(model.contents(), `after pair ${pair}`).to.deep.equal(await postgres.contents(model));
      }
      expect(model.contents()).to.deep.equal(await postgres.contents(model));
      expect(seen.deadlocks, "the services lock in one order").to.equal(0);
      expect(seen.waits, "some must have met").to.be.greaterThan(0);
    } finally {
      await postgres.close();
    }
  });
});
