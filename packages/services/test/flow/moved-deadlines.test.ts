import { expect } from "chai";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { runCommand } from "../operator/cli/command-for-tests.js";
import { eventually } from "../support/eventually.js";
import { untilAllFinal, useStack } from "../support/stack-for-tests.js";

const AT_ONCE = { wait: { seconds: 0n, nanos: 0 } };
const DEADLINE_SECONDS = 2;

describe("payments that wait for longer than their deadline, because client-bank was away", function () {
  this.timeout(120_000);
  // The launcher hands it on to the gateway.
  before(() => {
    process.env.PAYMENT_DEADLINE_SECONDS = String(DEADLINE_SECONDS);
  });
  const system = useStack();
  after(() => {
    delete process.env.PAYMENT_DEADLINE_SECONDS;
  });

  it("are declined, but for those whose deadline an operator moved, and the books agree", async () => {
    const goOn = await system().stack.hold("client-bank");
    const moved = await system().pay({ requestId: "moved", ...AT_ONCE });
    const late = await system().pay({ requestId: "late", ...AT_ONCE });
    const deadline = Date.now() + (DEADLINE_SECONDS + 1) * 1_000;
    const environment = { DATABASE_URL: system().stack.databaseUrl, BROKER_URL: system().stack.brokerUrl };
    const by = ["--actor", "ada", "--reason", "client-bank was away"];
    const extended = await runCommand(["deadlines", "extend", moved.id, "--minutes", "10", ...by], environment);
    expect(extended.code, extended.err).to.equal(0);
    await eventually("the deadlines have passed", () => Date.now() > deadline);
    await goOn();
    await untilAllFinal(system(), 2);
    const states = await system().query<{ id: string; state: string; decline_reason: string | null }>(
      "SELECT id, state, decline_reason FROM client_bank.payments",
    );
    expect(states).to.have.deep.members([
      { id: moved.id, state: "SUCCEEDED", decline_reason: null },
      { id: late.id, state: "DECLINED", decline_reason: "DEADLINE_PASSED" },
    ]);
    expect(await system().discrepancies()).to.deep.equal([]);
    const again = await system().pay({ requestId: "moved" });
    expect([again.id, again.state]).to.deep.equal([moved.id, PaymentState.SUCCEEDED]);
    const tooLate = await runCommand(["deadlines", "extend", late.id, "--minutes", "10", ...by], environment);
    expect(tooLate.code).to.equal(1);
    expect(tooLate.out).to.contain("is recorded as DECLINED (DEADLINE_PASSED), which stands");
  });
});
