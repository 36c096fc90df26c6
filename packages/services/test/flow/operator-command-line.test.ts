import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import { writeRunFile } from "../../dist/stack/run-file.js";
import { fetchDocumented } from "../support/documented-answers.js";
import { eventually } from "../support/eventually.js";
import { untilAllFinal, useStack } from "../support/stack-for-tests.js";

const MAIN = fileURLToPath(new URL("../../dist/operator/cli/main.js", import.meta.url));
const PAYMENTS = 500;

interface Report {
  readonly wrong: string;
  readonly checked: { readonly payments: string };
  readonly discrepancies: readonly { readonly check: string; readonly payment: string | null; accounts: string[] }[];
}

describe("The operator's command line beside a system that works", function () {
  this.timeout(120_000);
  const system = useStack();
  let folder: string;

  before(async function tellOfTheSystem() {
    folder = await mkdtemp(join(tmpdir(), "quittance-operator-"));
    const { stack } = system();
    await writeRunFile(join(folder, "run.json"), {
      grpc: `127.0.0.1:${stack.grpcPort}`,
      http: `http://127.0.0.1:${stack.httpPort}`,
      gateways: [],
      broker: stack.brokerUrl,
      auditor: stack.auditorUrl,
      database: stack.databaseUrl,
      token: await stack.tokenOf("m-0001"),
      signer: stack.signer,
      cardKeys: stack.cardKeys,
      services: stack
        .services()
        .map(({ name, pid, healthPort }) => ({ name, pid, health: `http://127.0.0.1:${healthPort}` })),
    });
  });
  after(() => rm(folder, { recursive: true }));

  /** Runs a command as a process of its own, as npm does, with what run.json tells and nothing else. */
  const run = (...args: string[]) => runWith("", ...args);
  /** The same with something on standard input. */
  function runWith(
    input: string,
    ...args: string[]
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    return new Promise((resolve) => {
      const env = { PATH: process.env.PATH, QUITTANCE_FOLDER: folder };
      const child = execFile(process.execPath, [MAIN, ...args], { env }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
      child.stdin?.end(input);
    });
  }
  /** Pays, and then refunds in parts what is settled by then. Answers how many refunds were accepted. */
  async function payAndRefund(requestId: string, parts: readonly string[]): Promise<number> {
    const { id, state } = await system().pay({ requestId });
    if (state !== PaymentState.SUCCEEDED) return 0;
    for (const [place, minorUnits] of parts.entries()) {
      const body = { requestId: `${requestId}-${place}`, amount: { currencyCode: "EUR", minorUnits }, wait: "30s" };
      const answer = await system().http(`/v1/payments/${id}:refund`, { method: "POST", body: JSON.stringify(body) });
      expect(answer.status, await answer.text()).to.be.oneOf([200, 202]);
    }
    return parts.length;
  }
  const verify = async () => {
    const { code, out, err } = await run("verify-money", "--json");
    return { code, err, ...(JSON.parse(out) as Report) };
  };

  it(`finds the books in agreement at every moment of ${PAYMENTS} payments and their refunds`, async () => {
    const [closed] = await system().query<{ id: string }>(
      "SELECT id FROM merchant_bank.merchants WHERE state = 'closed' AND currency = 'EUR' LIMIT 1",
    );
    let answered = false;
    const paying = Promise.all(
      Array.from({ length: PAYMENTS }, (_, place) =>
        place % 10 === 0
          ? system()
              .pay({ requestId: `under-load-${place}` }, closed?.id)
              .then(() => 0)
          : payAndRefund(`under-load-${place}`, place % 5 === 1 ? ["300", "700"] : []),
      ),
    ).finally(() => {
      answered = true;
    });
    await eventually("the first payments are recorded", async () => (await system().progress()).all > 0);
    let reports = 0;
    do {
      const { code, discrepancies, err } = await verify();
      expect(discrepancies).to.deep.equal([]);
      expect(code).to.equal(0);
      expect(err).to.match(/^DATABASE_URL is not set: using the stack/);
      reports += 1;
    } while (!answered);
    const accepted = (await paying).reduce((sum, refunds) => sum + refunds, 0);
    await untilAllFinal(system(), PAYMENTS);
    expect(reports).to.be.at.least(1);
    const { code, checked } = await verify();
    expect(code).to.equal(0);
    expect(checked.payments).to.equal(String(PAYMENTS));
    expect(accepted, "refunds").to.be.above(0);
    await eventually("every refund is final", async () => {
      const done = await system().query("SELECT 1 FROM client_bank.refunds WHERE state = 'SUCCEEDED'");
      return done.length === accepted;
    });
    expect((await verify()).code).to.equal(0);
  });

  it("makes tokens that the gateway takes, for any merchant", async () => {
    const { out } = await run("token", "--merchant", "m-0002");
    const answer = await fetchDocumented(`http://127.0.0.1:${system().stack.httpPort}/v1/payments`, {
      headers: { authorization: `Bearer ${out.trim()}` },
    });
    expect(answer.status).to.equal(200);
  });

  it("tells the whole story of one of them, with its trace", async () => {
    const payment = await system().pay({ requestId: "to-be-explained" });
    const { out } = await eventually("its notification is sent", async () => {
      const told = await run("explain", payment.id);
      return /5a +notification +sent/.test(told.out) && told;
    });
    expect(out).to.match(new RegExp(`^${payment.id}: SUCCEEDED, 1000 EUR`));
    for (const step of ["1 +gateway", "2 +card-validation", "3 +client-bank", "4 +merchant-bank", "5b +client-bank"]) {
      expect(out).to.match(new RegExp(` ${step} `));
    }
    expect(out).to.match(/\nTrace: [0-9a-f]{32}\n$/);
  });

  it("opens a client's account with the keys of the stack, and the card pays", async () => {
    const card = { number: "4000056655665556", expiryMonth: 11, expiryYear: 2031, holderName: "Grace Example" };
    const by = ["--reason", "a client of our own"];
    const args = ["--client", "c-7001", "--name", card.holderName, "--currency", "EUR", "--expiry", "11/2031", ...by];
    const opened = await runWith(`${card.number}\n`, "accounts", "open", ...args);
    expect(opened.code, opened.err).to.equal(0);
    const money = ["--client", "c-7001", "--currency", "EUR", "--amount", "1000", "--id", "first", ...by];
    expect((await run("accounts", "top-up", ...money)).code).to.equal(0);
    const payment = await system().pay({ requestId: "by-the-new-card", card });
    expect(payment.state).to.equal(PaymentState.SUCCEEDED);
    expect((await run("accounts", "show", "--client", "c-7001")).out).to.match(/balance +0 EUR/);
    const keys = Object.values(system().stack.cardKeys).map((list) => list.slice(list.indexOf("=") + 1));
    for (const secret of [card.number, ...keys]) {
      expect(system().output() + opened.out + opened.err).not.to.include(secret);
    }
  });

  it("says which service a payment waits for while that is away", async () => {
    const goOn = await system().stack.hold("merchant-bank");
    try {
      const payment = await system().pay({ requestId: "held-up", wait: { seconds: 0n, nanos: 0 } });
      const { code, out } = await eventually("it is captured", async () => {
        const told = await run("explain", payment.id);
        return told.out.includes("WAITS for step 4") && told;
      });
      expect(code).to.equal(0);
      const waiting = await eventually("its message waits", async () => {
        const told = await run("explain", payment.id);
        return /\nMESSAGE \S+ waits on bank-result since /.test(told.out) && told.out;
      });
      expect(waiting).to.match(/why: its message waits on bank-result since /);
      expect(out)
        .to.match(/WAITS for step 4, merchant-bank, since /)
        .and.to.match(/\nmerchant-bank does not run\n/);
      expect((await verify()).code, "what waits is in flight, not lost").to.equal(0);
    } finally {
      await goOn();
    }
    await untilAllFinal(system(), PAYMENTS + 3);
  });

  it("ends with 1 after an entry that was made by hand, and names its payment and account", async () => {
    const [paid] = await system().query<{ id: string }>(
      "SELECT min(id) AS id FROM client_bank.payments WHERE state = 'SUCCEEDED'",
    );
    await system().query(
      `INSERT INTO client_bank.ledger_entries VALUES ($1, 'return', 'credit', 'c-0042', 'EUR', 1, now())`,
      [paid?.id],
    );
    const { code, discrepancies } = await verify();
    expect(code).to.equal(1);
    const [first] = discrepancies;
    expect([first?.check, first?.payment]).to.deep.equal(["client-entries", paid?.id]);
    expect(first?.accounts).to.include("c-0042");
    expect(
      discrepancies.some(({ check, accounts }) => check === "client-balance" && accounts.includes("c-0042")),
    ).to.equal(true);
  });
});
