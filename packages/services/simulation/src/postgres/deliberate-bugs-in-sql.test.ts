import { expect } from "chai";
import type { CaptureDecision } from "../../../dist/client-bank/decide-captures.js";
import { capturePayments } from "../../../dist/client-bank/step-3-capture.js";
import type { ValidationResultMessage } from "../../../dist/shared/messages.js";
import { useDatabase } from "../../../dist-test/support/database-for-tests.js";
import { START_MS } from "../clock.js";
import { Random } from "../random.js";
import { SEED_ROWS } from "../system-data.js";
import { PostgresBackend } from "./backends.js";
import { type Interleaving, interleave, type Query } from "./interleave.js";
import type { Work } from "./random-work.js";

/** In the order that this seed gives, both transactions read before either writes. */
const SEED = 3;
const ACCEPT_TIME = new Date(START_MS).toISOString();
/** Has 120. */
const CLIENT = "c-1";

/** One transaction of step 3 with one payment. */
function capture(paymentId: string, clientId: string, minorUnits: string, requestId = paymentId): Work {
  const message: ValidationResultMessage = {
    version: 1,
    paymentId,
    requestId,
    merchantId: "m-1",
    parametersHash: `${clientId} ${minorUnits}`,
    amount: { currencyCode: "EUR", minorUnits },
    description: "",
    acceptTime: ACCEPT_TIME,
    deadline: new Date(START_MS + 60_000).toISOString(),
    card: {
      brand: "visa",
      lastFour: "4242",
      expiryMonth: 12,
      expiryYear: 2030,
      fingerprint: SEED_ROWS.clients.find(({ id }) => id === clientId)?.cardFingerprint ?? "",
    },
    validateTime: ACCEPT_TIME,
  };
  return {
    user: "client-bank",
    name: "3",
    run: (transaction) => capturePayments(transaction, [message], () => START_MS),
  };
}

/** Replaces a part of a statement. @throws Error when it is not there any more: the bug would not be made. */
function patched(query: Query, name: string, part: string, other: string): Query {
  if (query.name !== name) return query;
  if (!query.text.includes(part)) throw new Error(`Statement ${name} does not say ${part} any more.`);
  return { ...query, text: query.text.replace(part, other) };
}

const withBalancesReadEarlier = (query: Query) =>
  patched(
    patched(query, "lock-clients", "FOR NO KEY UPDATE", ""),
    "record-captures",
    "AND clients.balance - clients.held >= debits.amount + debits.held",
    "",
  );

const withUnnoticedConflicts = (query: Query) =>
  patched(query, "record-captures", "(SELECT count(*) FROM recorded)", "cardinality($1::text[])::int8");

const errorsOf = ({ results }: Interleaving) =>
  results.flatMap(({ error }) => (error === undefined ? [] : [(error as { readonly code?: string }).code]));

describe("The deliberate bugs in SQL, on PostgreSQL", function () {
  this.timeout(120_000);
  const database = useDatabase();

  /** Two payments of 80 by a client who has 120; what is left. */
  async function payTwice(options: { readonly patch?: (query: Query) => Query; readonly checked: boolean }) {
    const postgres = await PostgresBackend.open(database(), options.patch);
    try {
      if (!options.checked)
        await postgres.asSuperuser("ALTER TABLE client_bank.clients DROP CONSTRAINT clients_balance");
      const works = [capture("pay_1", CLIENT, "80"), capture("pay_2", CLIENT, "80")];
      const interleaving = await interleave(postgres, new Random(SEED), works);
      const [row] = await postgres.asSuperuser<{ balance: bigint }>(
        `SELECT balance FROM client_bank.clients WHERE id = '${CLIENT}'`,
      );
      return { balance: row?.balance, errors: errorsOf(interleaving) };
    } finally {
      await postgres.close();
    }
  }

  /** Two payments with one request_id and other parameters, and what is said of each. */
  async function raceFingerprints(patch?: (query: Query) => Query) {
    const postgres = await PostgresBackend.open(database(), patch);
    try {
      const works = [capture("pay_3", "c-0", "10", "raced"), capture("pay_4", CLIENT, "17", "raced")];
      const interleaving = await interleave(postgres, new Random(SEED), works);
      const recorded = interleaving.results.flatMap(({ result }) => (result ?? []) as readonly CaptureDecision[]);
      return { recorded: recorded.map(({ outcome }) => outcome), errors: errorsOf(interleaving) };
    } finally {
      await postgres.close();
    }
  }

  afterEach(async () => {
    // The services' rows, and the constraint that a test took away.
    await database().query("TRUNCATE client_bank.clients, client_bank.payments, client_bank.ledger_entries");
    await database().query(
      "TRUNCATE client_bank.clearing_accounts, client_bank.deadline_extensions, merchant_bank.merchants",
    );
    await database().query("ALTER TABLE client_bank.clients DROP CONSTRAINT IF EXISTS clients_balance");
    await database().query("ALTER TABLE client_bank.clients ADD CONSTRAINT clients_balance CHECK (balance >= held)");
  });

  it(`"balance checked outside the statement" takes money that is not there (seed ${SEED})`, async () => {
    const { balance, errors } = await payTwice({ patch: withBalancesReadEarlier, checked: false });
    expect({ balance, errors }).to.deep.equal({ balance: -40n, errors: [] });
  });

  it("does so no more where the table checks its balances, which refuses the second transaction", async () => {
    const { balance, errors } = await payTwice({ patch: withBalancesReadEarlier, checked: true });
    expect({ balance, errors }).to.deep.equal({ balance: 40n, errors: ["23514"] });
  });

  it("does so no more with the statements as they are, even where the table checks nothing", async () => {
    const { balance, errors } = await payTwice({ checked: false });
    expect({ balance, errors }).to.deep.equal({ balance: 40n, errors: [] });
  });

  it(`"fingerprint race" tells two requests that the same payment is theirs (seed ${SEED})`, async () => {
    expect(await raceFingerprints(withUnnoticedConflicts)).to.deep.equal({
      recorded: ["recorded", "recorded"],
      errors: [],
    });
  });

  it("does so no more with the statements as they are: the second is tried again, and finds the first", async () => {
    expect(await raceFingerprints()).to.deep.equal({ recorded: ["recorded"], errors: ["40001"] });
  });
});
