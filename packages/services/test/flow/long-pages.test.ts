import { expect } from "chai";
import { ListPaymentsRequest, ListPaymentsResponse } from "../../dist/gen/quittance/payments/v1/payments.js";
import { TEST_BROKER, type TestStack, useStack } from "../support/stack-for-tests.js";

/** More than one page of the largest size. */
const PAYMENTS = 1_005;
const PAGE = 1_000;
/** 140 characters of four bytes each. */
const LONGEST_DESCRIPTION = "𝄞".repeat(140);
/** 4,086 bytes, of 4,096 that there may be. */
const METADATA = Object.fromEntries(Array.from({ length: 9 }, (_, place) => [`key${place}`, "\u00e9".repeat(225)]));

describe(`Pages of ${PAGE} payments with the longest texts, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  const system = useStack();

  before(async () => {
    await recordPayments(system());
    await recordPayments(system(), "m-0002", METADATA);
  });

  it("are read by gRPC", async () => {
    const { payments, nextPageToken } = await list(system(), PAGE, "");
    expect(payments).to.have.length(PAGE);
    expect(payments[0]?.description).to.equal(LONGEST_DESCRIPTION);
    const next = await list(system(), PAGE, nextPageToken);
    expect(next.payments).to.have.length(PAYMENTS - PAGE);
    expect(new Set([...payments, ...next.payments].map(({ id }) => id)).size).to.equal(PAYMENTS);
  });

  it("are read by HTTP", async () => {
    const answer = await system().http(`/v1/payments?page_size=${PAGE}`);
    const text = await answer.text();
    expect(answer.status, text.slice(0, 300)).to.equal(200);
    expect(JSON.parse(text).payments).to.have.length(PAGE);
  });

  it("end early where the payments have as much metadata as they may, and no answer is larger than clients take", async () => {
    const found = new Set<string>();
    const sizes: number[] = [];
    let token = "";
    do {
      const page = await list(system(), PAGE, token, "m-0002");
      expect(page.payments[0]?.metadata).to.deep.equal(METADATA);
      sizes.push(ListPaymentsResponse.encode(page).finish().length);
      for (const { id } of page.payments) found.add(id);
      token = page.nextPageToken;
    } while (token !== "");
    expect(found.size).to.equal(PAYMENTS);
    expect(sizes.length).to.be.within(3, 10);
    expect(Math.max(...sizes)).to.be.below(4 * 1_024 * 1_024);
  });
});

async function list(
  system: TestStack,
  pageSize: number,
  pageToken: string,
  merchantId = "m-0001",
): Promise<ListPaymentsResponse> {
  const metadata = await system.metadataOf(merchantId);
  return new Promise((resolve, reject) => {
    system.grpc.listPayments(ListPaymentsRequest.fromPartial({ pageSize, pageToken }), metadata, (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
}

/** Declined payments, straight into client-bank's table: what is read is what matters here. */
async function recordPayments(
  system: TestStack,
  merchantId = "m-0001",
  metadata: Readonly<Record<string, string>> | null = null,
): Promise<void> {
  await system.query(
    `INSERT INTO client_bank.payments (
       id, merchant_id, request_id, parameters_hash, currency, amount, description, state, decline_reason, card_brand,
       card_last_four, card_expiry_month, card_expiry_year, accept_time, deadline, validate_time, capture_time,
       settle_time, finish_time, captured_amount, given_back_amount, metadata)
     SELECT 'pay_' || lpad(translate(number::text, '0123456789', 'abcdefghij'), 32, CASE $3::text WHEN 'm-0001' THEN 'a' ELSE 'k' END), $3::text,
       rpad('r-' || number || '-', 64, 'r'), repeat('h', 43), 'EUR', 1000000000, $2, 'DECLINED', 'CURRENCY_NOT_SUPPORTED',
       'american-express', '0005', 12, 2030, moment, moment, moment, moment, moment, moment, 0, 0, $4::jsonb
     FROM generate_series(1, $1::int) AS number, LATERAL (SELECT now() - number * interval '1 second' AS moment) AS at`,
    [PAYMENTS, LONGEST_DESCRIPTION, merchantId, metadata && JSON.stringify(metadata)],
  );
}
