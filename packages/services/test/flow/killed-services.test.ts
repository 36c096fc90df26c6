import { setTimeout as pause } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import { type Payment, PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { SERVICES } from "../../dist/topology/system-table.js";
import { eventually } from "../support/eventually.js";
import { TEST_BROKER, type TestStack, untilAllFinal, useStack } from "../support/stack-for-tests.js";

const PAYMENTS = 1_000;
/** How far the payments are when something is killed. */
const KILL_AFTER = 150;
/** What RetryInfo tells whoever was refused. */
const RETRY_MS = 1_000;
/** All but the gateway, whose callers would be cut off with it. */
const VICTIMS = SERVICES.filter((service) => service !== "gateway");

describe(`A thousand payments at once, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  const system = useStack();
  let rounds = 0;

  it("all become final, and the books agree", async () => {
    const before = (await system().progress()).all;
    const payments = await Promise.all(payMany(system(), `calm-${++rounds}`));
    await untilAllFinal(system(), before + PAYMENTS);
    expect(payments.every((payment) => payment.state === PaymentState.SUCCEEDED)).to.equal(true);
    expect(await system().discrepancies()).to.deep.equal([]);
  });

  for (const victim of VICTIMS) {
    it(`all become final, and the books agree, when ${victim} is killed in the middle`, async () => {
      const before = await system().progress();
      const round = `killed-${++rounds}`;
      const calls = Promise.all(payMany(system(), round));
      await eventually(
        `${KILL_AFTER} payments are recorded`,
        async () => (await system().progress()).all >= before.all + KILL_AFTER,
        30_000,
      );
      system().killService(victim);
      const answered = await calls;
      await untilAllFinal(system(), before.all + PAYMENTS);
      expect(await system().discrepancies()).to.deep.equal([]);

      // Whoever was told how it ended reads the same now.
      const states = await system().query<{ id: string; state: string }>(
        "SELECT id, state FROM client_bank.payments WHERE request_id LIKE $1",
        [`${round}-%`],
      );
      expect(states, "one payment for each call").to.have.lengthOf(PAYMENTS);
      const recorded = new Map(states.map((row) => [row.id, row.state]));
      for (const payment of answered) {
        if (payment.state !== PaymentState.PENDING) {
          expect(recorded.get(payment.id), payment.id).to.equal("SUCCEEDED");
        }
      }
    });
  }

  it("each have exactly one notification on the log channel", async () => {
    await eventually(
      "every final payment has its notification",
      async () => {
        const [row] = await system().query<{ payments: bigint; notifications: bigint; notified: bigint }>(
          `SELECT (SELECT count(*) FROM client_bank.payments WHERE state <> 'PENDING') AS payments,
                  (SELECT count(*) FROM notification.notifications WHERE channel = 'log') AS notifications,
                  (SELECT count(DISTINCT payment_id) FROM notification.notifications WHERE channel = 'log') AS notified`,
        );
        return row?.payments === row?.notifications && row?.notified === row?.notifications;
      },
      30_000,
    );
  });
});

function payMany(system: TestStack, round: string) {
  return Array.from({ length: PAYMENTS }, (_, index) =>
    payAgain(system, {
      requestId: `${round}-${index}`,
      amount: { currencyCode: "EUR", minorUnits: BigInt(1 + (index % 7)) },
    }),
  );
}

/** Pays as merchants must: a call that was refused for the moment is made again with the same request_id. */
async function payAgain(system: TestStack, request: Parameters<TestStack["pay"]>[0]): Promise<Payment> {
  for (;;) {
    try {
      return await system.pay(request);
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (code !== status.UNAVAILABLE && code !== status.RESOURCE_EXHAUSTED) throw error;
      await pause(RETRY_MS);
    }
  }
}
