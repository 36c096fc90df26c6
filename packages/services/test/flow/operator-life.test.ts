/** An operator's life: the same story by the API through each door, and by the command line. */
import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { DeclineReason, type Payment, PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { luhnCheckDigit } from "../../dist/shared/luhn.js";
import { OPERATOR_SCOPES } from "../../dist/shared/scopes.js";
import { consoleEnvironment } from "../../dist/stack/console-process.js";
import { runCommand } from "../operator/cli/command-for-tests.js";
import { useConsole } from "../operator/console/console-for-tests.js";
import { DOORS, openDoor } from "../support/api-door.js";
import { eventually } from "../support/eventually.js";
import { apiDesk, type Card, commandDesk, type OperatorDesk, withFile } from "../support/operator-desk.js";
import { refuseReceipts } from "../support/refused-receipts.js";
import { GOOD_CARD, TEST_BROKER, type TestStack, useStack } from "../support/stack-for-tests.js";

const HOLDER = "Grace Example";
const NO_WAIT = { seconds: 0n, nanos: 0 };

const eur = (minorUnits: bigint) => ({ currencyCode: "EUR", minorUnits });

describe(`An operator's life, on the ${TEST_BROKER} broker`, function () {
  this.timeout(60_000);
  const system = useStack();
  const console = useConsole(system);
  const run = (args: readonly string[], input?: string) => {
    const { stack, certificates } = system();
    return runCommand(args, { ...consoleEnvironment(stack, certificates), ...stack.cardKeys }, input);
  };

  for (const door of DOORS) {
    describe(`by the API over ${door}`, () => {
      tellLife(door, system, run, async () => {
        const token = await system().stack.tokenOf("anna", OPERATOR_SCOPES);
        return apiDesk(openDoor(door, system(), token), console());
      });
    });
  }
  describe("by the command line", () => tellLife("commands", system, run, async () => commandDesk(run)));
});

/** @param tool is in the ids of the story: each story has clients of its own */
function tellLife(
  tool: string,
  system: () => TestStack,
  run: (args: readonly string[]) => ReturnType<typeof runCommand>,
  open: () => Promise<OperatorDesk>,
): void {
  const client = `c-${tool}`;
  const card = cardOf(`${tool} 1`);
  const renewed = cardOf(`${tool} 2`);
  const imported = [cardOf(`${tool} 3`), cardOf(`${tool} 4`)];
  let desk: OperatorDesk;
  before(async () => {
    desk = await open();
  });

  function pay(by: Card): Promise<Payment> {
    return system().pay({ requestId: randomUUID(), card: by, amount: eur(1_000n) });
  }
  async function declineOf(by: Card): Promise<DeclineReason | undefined> {
    return (await pay(by)).decline?.reason;
  }

  it("imports clients of a file, who can pay at once", async () => {
    const rows = imported.map(
      ({ number, expiryMonth, expiryYear }, place) =>
        `${client}-${place},${HOLDER},EUR,${number},${expiryMonth}/${expiryYear},2500`,
    );
    const text = ["id,name,currency,card_number,card_expiry,opening_balance", ...rows, ""].join("\n");
    const { code, out } = await withFile(text, (file) =>
      run(["import-clients", file, "--reason", "of the bank that was bought", "--json"]),
    );
    expect([code, JSON.parse(out).opened]).to.deep.equal([0, 2]);
    for (const one of imported) expect((await pay(one)).state).to.equal(PaymentState.SUCCEEDED);
    expect(await desk.account(`${client}-1`)).to.deep.equal({ state: "open", balance: 1_500n });
  });

  it("opens an account, which pays when it was topped up, once for each slip", async () => {
    await desk.openClient(client, HOLDER, card);
    expect(await declineOf(card)).to.equal(DeclineReason.INSUFFICIENT_FUNDS);
    for (let time = 1; time <= 2; time++) await desk.topUp(client, 5_000n, `${tool}-paid-in`);
    expect((await pay(card)).state).to.equal(PaymentState.SUCCEEDED);
    expect(await desk.account(client)).to.deep.equal({ state: "open", balance: 4_000n });
  });

  it("freezes it, so that its payments are declined, until it is unfrozen", async () => {
    await desk.freeze(client);
    expect((await desk.account(client)).state).to.equal("frozen");
    expect(await declineOf(card)).to.equal(DeclineReason.ACCOUNT_CLOSED);
    await desk.unfreeze(client);
    expect((await pay(card)).state).to.equal(PaymentState.SUCCEEDED);
  });

  it("renews its card: the new one pays, and the former one is not accepted any more", async () => {
    await desk.renewCard(client, renewed);
    expect((await pay(renewed)).state).to.equal(PaymentState.SUCCEEDED);
    expect(await declineOf(card)).to.equal(DeclineReason.CARD_NOT_ACCEPTED);
  });

  it("pays out, and reads a statement whose last balance is the account's", async () => {
    await desk.payOut(client, 500n, `${tool}-paid-out`);
    const entries = (await desk.statement(client)).map(({ amount, balance }) => ({ amount, balance }));
    expect(entries).to.deep.equal([
      { amount: -500n, balance: 1_500n },
      { amount: -1_000n, balance: 2_000n },
      { amount: -1_000n, balance: 3_000n },
      { amount: -1_000n, balance: 4_000n },
      { amount: 5_000n, balance: 5_000n },
    ]);
    expect((await desk.account(client)).balance).to.equal(entries[0]?.balance);
  });

  it("changes what clients are told: sees it first, puts it into use, and rolls it back", async () => {
    const texts = { subject: `Thanks for {{ amount }}, by ${tool}`, body: "{{ merchant }} thanks you." };
    expect(await desk.previewTemplate(texts)).to.deep.equal([
      { subject: `Thanks for €12.50, by ${tool}`, body: "m-bookshop thanks you." },
    ]);
    const former = await desk.activeTemplate();
    const version = await desk.createTemplate(texts);
    expect(await desk.activeTemplate()).to.equal(former);
    await desk.activateTemplate(version);
    // Notification reads templates again when the last reading is 5 s old: the next payments are told one way or the other.
    await eventually("a payment is told in the new words", async () => {
      await pay(GOOD_CARD);
      const subject = `Thanks for €10.00, by ${tool}`;
      const told = await system().query("SELECT FROM notification.notifications WHERE subject = $1", [subject]);
      return told.length > 0;
    });
    await desk.rollBackTemplate(version);
    expect(await desk.activeTemplate()).to.equal(former);
  });

  it("replays a dead letter when what killed it is repaired, and its payment is paid", async () => {
    const amount = eur(4_242n);
    const repair = await refuseReceipts(system(), amount.minorUnits);
    const { id } = await system().pay({ requestId: randomUUID(), amount, wait: NO_WAIT });
    const letter = await eventually("its letter lies there", () => desk.letterAbout(id));
    expect((await system().read(id)).state).to.equal("PAYMENT_STATE_PENDING");
    await repair();
    await desk.replay(letter);
    await eventually("it is paid", async () => (await system().read(id)).state === "PAYMENT_STATE_SUCCEEDED");
    expect(await desk.letterAbout(id)).to.equal(undefined);
  });

  it("finds that the books agree, as verify-money does", async () => {
    expect(await desk.booksAgree()).to.equal(true);
    expect((await run(["verify-money"])).out).to.include("The books agree.");
  });
}

/** A card of nobody else's: a number made of the text, with its check digit. */
function cardOf(text: string): Card {
  const digits = [...text].map((letter) => letter.charCodeAt(0) % 10).join("");
  const payload = `41${digits.slice(-13).padStart(13, "0")}`;
  return { number: `${payload}${luhnCheckDigit(payload)}`, expiryMonth: 12, expiryYear: 2040, holderName: HOLDER };
}
