import { expect } from "chai";
import { CHANNELS } from "../../dist/shared/queue-map.js";
import { runCommand } from "../operator/cli/command-for-tests.js";
import { eventually } from "../support/eventually.js";
import { refuseReceipts } from "../support/refused-receipts.js";
import { TEST_BROKER, untilAllFinal, useStack } from "../support/stack-for-tests.js";

const QUEUE = CHANNELS.bankResult.address;
const AT_ONCE = { wait: { seconds: 0n, nanos: 0 } };
const PAYMENTS = 3;
/** What no payment of the demonstration has. */
const AMOUNT = { currencyCode: "EUR", minorUnits: 4_242n };

describe(`Messages that died of a fault in merchant-bank's tables, on the ${TEST_BROKER} broker`, function () {
  this.timeout(180_000);
  const system = useStack();
  const letters = async (...args: string[]) => {
    const environment = { DATABASE_URL: system().stack.databaseUrl, BROKER_URL: system().stack.brokerUrl };
    const result = await runCommand(["dead-letters", ...args, "--queue", QUEUE], environment);
    expect(result.code, result.err).to.equal(0);
    return result;
  };
  const untilDead = (count: number, replays: number) =>
    eventually(`${count} letters were replayed ${replays} times`, async () => {
      const listed = JSON.parse((await letters("list", "--json")).out) as { letters: { replays: number }[] };
      return listed.letters.filter((letter) => letter.replays === replays).length === count;
    });

  it("die again while it lasts, and walk on when it is repaired, with their signatures and to the cent", async () => {
    const repair = await refuseReceipts(system(), AMOUNT.minorUnits);
    for (let place = 0; place < PAYMENTS; place += 1) {
      await system().pay({ requestId: `dead-${place}`, amount: AMOUNT, ...AT_ONCE });
    }
    await untilDead(PAYMENTS, 0);
    const first = await letters("replay", "--all", "--limit", "2", "--reason", "it may be gone");
    expect(first.err).to.match(/2 replayed; .*: --limit 2 was reached\.\n$/);
    await untilDead(2, 1);

    await repair();
    const second = await letters("replay", "--all", "--reason", "mended");
    expect(second.err).to.match(new RegExp(`${PAYMENTS} replayed; none is left on dead-letter\\.${QUEUE}\\.\\n$`));
    await untilAllFinal(system(), PAYMENTS);
    const states = await system().query(
      "SELECT state, count(*)::int AS payments FROM client_bank.payments GROUP BY state",
    );
    expect(states).to.deep.equal([{ state: "SUCCEEDED", payments: PAYMENTS }]);
    expect(await system().discrepancies()).to.deep.equal([]);
  });
});
