import { expect } from "chai";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { type PostgresServer, startPostgres } from "../../dist/stack/postgres.js";
import { testGuardian } from "../support/database-for-tests.js";
import { eventually } from "../support/eventually.js";
import { readinessOf } from "../support/readiness.js";
import { untilAllFinal, useStack } from "../support/stack-for-tests.js";

const BOUND_MS = 60_000;
const AT_ONCE = { wait: { seconds: 0n, nanos: 0 } };

describe("the system while PostgreSQL is away", function () {
  this.timeout(180_000);
  let server: PostgresServer;
  const system = useStack({
    database: async () => {
      server = await startPostgres({ guardian: testGuardian() });
      return new URL(server.url);
    },
  });
  after(() => server?.stop());

  const readiness = (name: string) => readinessOf(system(), name);

  it("takes payments, opens its breakers, counts nothing against the messages, and finishes everything afterwards", async () => {
    const accepted = new Set<string>();
    let paying = true;
    const pay = async (caller: number) => {
      for (let number = 0; paying; number += 1) {
        accepted.add((await system().pay({ requestId: `load-${caller}-${number}`, ...AT_ONCE })).id);
        // A steady load, not a flood.
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    };
    const load = Promise.all(Array.from({ length: 4 }, (_, caller) => pay(caller)));
    await eventually("payments become final", async () => (await system().progress()).final >= 20, BOUND_MS);

    process.kill(server.pid, "SIGKILL");
    await server.exited;
    const notReady = await eventually(
      "client-bank says that its breaker is open",
      async () => {
        const told = await readiness("client-bank");
        return told.failing?.["breaker client-bank-capture"] !== undefined && told;
      },
      BOUND_MS,
    );
    expect(notReady.httpStatus).to.equal(503);
    expect(notReady.failing).to.have.property("database");
    const before = accepted.size;
    await eventually("payments are still accepted", () => accepted.size >= before + 20, BOUND_MS);
    expect((await readiness("gateway")).httpStatus).to.equal(200);
    paying = false;
    await load;

    await server.restart();
    for (const name of ["client-bank", "merchant-bank", "notification"]) {
      await eventually(`${name} is ready`, async () => (await readiness(name)).httpStatus === 200, BOUND_MS);
    }
    await untilAllFinal(system(), accepted.size, BOUND_MS);
    const rows = await system().query<{ id: string; state: string }>("SELECT id, state FROM client_bank.payments");
    expect(new Set(rows.map(({ id }) => id))).to.deep.equal(accepted);
    expect(await system().discrepancies()).to.deep.equal([]);
    const last = await system().pay({ requestId: "afterwards" });
    expect(last.state).to.equal(PaymentState.SUCCEEDED);
    expect(system().output()).to.contain('"breaker":"open"');
    expect(system().output(), "no message was set aside").not.to.contain('"msg":"set aside"');
  });
});
