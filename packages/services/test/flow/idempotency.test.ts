import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import {
  DeclineReason,
  type Payment,
  PaymentState,
  type PayRequest,
} from "../../dist/gen/quittance/payments/v1/payments.js";
import { BOOKS_STATEMENT, type BooksLine } from "../../dist/operator/books-statement.js";
import { type ApiClient, CARD_NUMBER, failureOf, payBody, payRequest } from "../gateway/api-client.js";
import { eventually } from "../support/eventually.js";
import { TEST_BROKER } from "../support/stack-for-tests.js";
import { useTwoGateways } from "../support/system-with-two-gateways.js";

const CALLS = 100;
const MERCHANT = "m-0001";
const ANOTHER = "m-0010";
const WAIT = { seconds: 30n, nanos: 0 };
/** Another card of the demo bank that is good for a payment of its own. */
const OTHER_CARD = "5555555555554444";

/** What a call can change, and the same for either door. */
const CHANGES: readonly { readonly what: string; readonly grpc: Partial<PayRequest>; readonly http: object }[] = [
  {
    what: "amount",
    grpc: { amount: { currencyCode: "EUR", minorUnits: 1_251n } },
    http: { amount: { currencyCode: "EUR", minorUnits: "1251" } },
  },
  {
    what: "currency",
    grpc: { amount: { currencyCode: "USD", minorUnits: 1_250n } },
    http: { amount: { currencyCode: "USD", minorUnits: "1250" } },
  },
  {
    what: "card",
    grpc: { card: { number: OTHER_CARD, expiryMonth: 12, expiryYear: 2030, holderName: "Ada Lovelace" } },
    http: { card: { number: OTHER_CARD, expiryMonth: 12, expiryYear: 2030, holderName: "Ada Lovelace" } },
  },
  { what: "description", grpc: { description: "coffee" }, http: { description: "coffee" } },
  { what: "reference", grpc: { clientReference: "order-18" }, http: { clientReference: "order-18" } },
  { what: "metadata", grpc: { metadata: { basket: "18" } }, http: { metadata: { basket: "18" } } },
];

/** The field that each change is told as, at the gRPC door and at the HTTP door. */
const FIELDS: Readonly<Record<string, readonly [grpc: string, http: string]>> = {
  amount: ["amount.minor_units", "amount.minorUnits"],
  currency: ["amount.currency_code", "amount.currencyCode"],
  card: ["card.number", "card.number"],
  description: ["description", "description"],
  reference: ["client_reference", "clientReference"],
  metadata: ["metadata", "metadata"],
};

describe(`Idempotency over both doors of two gateways, on the ${TEST_BROKER} broker`, function () {
  this.timeout(180_000);
  const system = useTwoGateways();

  /** What a caller is told, whichever door it came through. */
  interface Told {
    readonly id: string;
    readonly state: string;
    readonly text: string;
  }

  async function payOnce(client: ApiClient, place: number, requestId: string): Promise<Told> {
    if (place % 4 < 2) {
      const payment = await client.pay(payRequest(requestId, { wait: WAIT }));
      return { id: payment.id, state: stateOf(payment), text: `gRPC ${plain(payment)}` };
    }
    const {
      status: code,
      json,
      text,
    } = await client.http("/v1/payments", { body: payBody(requestId, { wait: "30s" }) });
    expect(code, text).to.equal(200);
    return { id: json.payment.id, state: json.payment.state.replace("PAYMENT_STATE_", ""), text: `HTTP ${text}` };
  }

  /** Equal calls at once: the gateways and the doors take turns. */
  async function payEqually(requestId: string, merchant = MERCHANT): Promise<Told[]> {
    const clients = await system().clientsOf(merchant);
    return Promise.all(
      Array.from({ length: CALLS }, (_, place) => payOnce(clients[place % 2] as ApiClient, place, requestId)),
    );
  }

  /** One call with something changed; resolves to why it was refused and which payment stands. */
  async function refusal(client: ApiClient, overHttp: boolean, requestId: string, place: number): Promise<string> {
    const change = CHANGES[place % CHANGES.length] as (typeof CHANGES)[number];
    if (overHttp) {
      const body = payBody(requestId, { wait: "30s", ...change.http });
      const { status: code, json, text } = await client.http("/v1/payments", { body });
      expect(text).not.to.include(CARD_NUMBER).and.not.to.include(OTHER_CARD);
      expect(fieldsOf(json.violations)).to.deep.equal([FIELDS[change.what]?.[1]]);
      return `${change.what}: ${code === 409 ? "ALREADY_EXISTS" : code} ${json.reason} ${json.payment}`;
    }
    const failure = await failureOf(client.pay(payRequest(requestId, { wait: WAIT, ...change.grpc })));
    expect(fieldsOf(failure.violations)).to.deep.equal([FIELDS[change.what]?.[0]]);
    return `${change.what}: ${status[failure.code]} ${failure.info?.reason} ${failure.info?.metadata.payment}`;
  }

  async function refusals(requestId: string): Promise<string[]> {
    const clients = await system().clientsOf(MERCHANT);
    return Promise.all(
      Array.from({ length: CALLS }, (_, place) =>
        // Each change goes through each door of each gateway.
        refusal(clients[Math.floor(place / 4) % 2] as ApiClient, Math.floor(place / 8) % 2 === 1, requestId, place),
      ),
    );
  }

  const expectedRefusals = (id: string) =>
    CHANGES.map(({ what }) => `${what}: ALREADY_EXISTS REQUEST_ID_REUSED ${id}`).toSorted();

  async function captures(requestId: string): Promise<{ readonly payments: number; readonly captured: bigint }> {
    const [row] = await system().query<{ payments: string; captured: string }>(
      `SELECT count(*) AS payments, (
         SELECT coalesce(-sum(amount), 0) FROM client_bank.ledger_entries
         WHERE amount < 0 AND payment_id IN (SELECT id FROM client_bank.payments WHERE request_id = $1)
       ) AS captured
       FROM client_bank.payments WHERE request_id = $1 AND standing_id IS NULL`,
      [requestId],
    );
    return { payments: Number(row?.payments), captured: BigInt(row?.captured ?? 0) };
  }

  /** One payment and one answer, which every caller got. @returns the payment's id. */
  function oneAnswer(told: readonly Told[]): string {
    expect(new Set(told.map(({ id, state }) => `${id} ${state}`)), "payments").to.have.lengthOf(1);
    expect(told[0]?.state).to.equal("SUCCEEDED");
    expect(new Set(told.map(({ text }) => text)), "one answer at each door").to.have.lengthOf(2);
    return told[0]?.id as string;
  }

  it(`makes one payment and ${CALLS} equal answers of ${CALLS} equal calls at once`, async () => {
    oneAnswer(await payEqually("equal"));
    expect(await captures("equal")).to.deep.equal({ payments: 1, captured: 1_250n });
  });

  it(`refuses ${CALLS} calls with one parameter changed, names the payment that there is, and moves no money`, async () => {
    const id = oneAnswer(await payEqually("changed"));
    expect([...new Set(await refusals("changed"))].toSorted()).to.deep.equal(expectedRefusals(id));
    expect(await captures("changed")).to.deep.equal({ payments: 1, captured: 1_250n });
  });

  it("lets one of two different orders under a new request_id win, and tells every caller of either the same", async () => {
    const clients = await system().clientsOf(MERCHANT);
    const outcomes = await Promise.all(
      Array.from({ length: CALLS }, async (_, place) => {
        const minorUnits = place % 2 === 0 ? 1_250n : 1_300n;
        const request = payRequest("raced", { wait: WAIT, amount: { currencyCode: "EUR", minorUnits } });
        return clients[(Math.floor(place / 2) % 2) as 0 | 1].pay(request).then(
          (payment) => `${minorUnits} ${stateOf(payment)} ${payment.amount?.minorUnits}`,
          (error: { code: number }) => `${minorUnits} ${status[error.code]}`,
        );
      }),
    );
    const { payments, captured } = await captures("raced");
    expect(payments).to.equal(1);
    expect([1_250n, 1_300n]).to.include(captured);
    const lost = captured === 1_250n ? 1_300n : 1_250n;
    expect([...new Set(outcomes)].toSorted()).to.deep.equal(
      [`${captured} SUCCEEDED ${captured}`, `${lost} ALREADY_EXISTS`].toSorted(),
    );
  });

  it("keeps what each call asked for under the id that it was given, although none of them waits", async () => {
    const clients = await system().clientsOf(MERCHANT);
    const nothing = { seconds: 0n, nanos: 0 };
    const amounts = Array.from({ length: 12 }, (_, place) => 1_250n + BigInt(place % 3));
    const callAll = () =>
      Promise.all(
        amounts.map(async (minorUnits, place) => {
          const client = clients[place % 2] as ApiClient;
          if (place % 4 < 2) {
            const amount = { currencyCode: "EUR", minorUnits };
            return (await client.pay(payRequest("not-waited-for", { amount, wait: nothing }))).id;
          }
          const amount = { currencyCode: "EUR", minorUnits: minorUnits.toString() };
          const { status: code, json } = await client.http("/v1/payments", {
            body: payBody("not-waited-for", { amount, wait: "0s" }),
          });
          expect(code).to.equal(202);
          return json.payment.id as string;
        }),
      );
    // A gateway that knows an end refuses a call that differs, which then has no id of its own. Here none can know one.
    const given = await system().whileStopped("client-bank", callAll);
    expect(new Set(given)).to.have.lengthOf(3);
    const ends = await Promise.all(
      [...new Set(given)].map((id) =>
        eventually("each id has its end", async () => {
          const payment = await clients[0].get(id);
          return payment.finishTime !== undefined && payment;
        }),
      ),
    );
    given.forEach((id, place) => {
      expect(ends.find((payment) => payment.id === id)?.amount?.minorUnits).to.equal(amounts[place]);
    });
    const standing = ends.filter(({ state }) => state === PaymentState.SUCCEEDED);
    expect(standing).to.have.lengthOf(1);
    for (const payment of ends.filter(({ state }) => state !== PaymentState.SUCCEEDED)) {
      expect(payment.state).to.equal(PaymentState.DECLINED);
      expect(payment.decline).to.deep.include({
        reason: DeclineReason.REQUEST_ID_REUSED,
        standingPayment: standing[0]?.id,
        differingFields: ["amount.minor_units"],
      });
    }
    expect(await captures("not-waited-for")).to.deep.equal({ payments: 1, captured: standing[0]?.amount?.minorUnits });
  });

  it("gives two merchants with the same request_id a payment each", async () => {
    const ids = [oneAnswer(await payEqually("shared")), oneAnswer(await payEqually("shared", ANOTHER))];
    expect(new Set(ids)).to.have.lengthOf(2);
    expect(await captures("shared")).to.deep.equal({ payments: 2, captured: 2_500n });
  });

  it("holds all of that after everything was killed and started again", async () => {
    const before = await payEqually("before-the-restart");
    const id = oneAnswer(before);
    await system().restartEverything();
    const after = await payEqually("before-the-restart");
    expect(oneAnswer(after)).to.equal(id);
    expect(new Set(after.map(({ text }) => text))).to.deep.equal(new Set(before.map(({ text }) => text)));
    expect([...new Set(await refusals("before-the-restart"))].toSorted()).to.deep.equal(expectedRefusals(id));
    expect(await captures("before-the-restart")).to.deep.equal({ payments: 1, captured: 1_250n });
    oneAnswer(await payEqually("after-the-restart"));
  });

  it("leaves books behind that agree", async () => {
    await eventually(
      "nothing is in flight",
      async () => {
        const pending = await system().query("SELECT 1 FROM client_bank.payments WHERE state = 'PENDING'");
        return pending.length === 0;
      },
      60_000,
    );
    const lines = await system().query<BooksLine & Record<string, unknown>>(BOOKS_STATEMENT);
    expect(lines.filter(({ wrong }) => Number(wrong) !== 0)).to.deep.equal([]);
  });
});

function fieldsOf(violations: readonly { readonly field: string }[]): string[] {
  return violations.map(({ field }) => field);
}

function stateOf({ state }: Pick<Payment, "state">): string {
  return state === PaymentState.SUCCEEDED ? "SUCCEEDED" : `state ${state}`;
}

function plain(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item));
}
