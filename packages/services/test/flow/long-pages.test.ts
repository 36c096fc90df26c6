import { expect } from "chai";
import { ListPaymentsRequest, type ListPaymentsResponse } from "../../dist/gen/quittance/payments/v1/payments.js";
import { TEST_BROKER, type TestStack, useStack } from "../support/stack-for-tests.js";

/** More than one page of the largest size. */
const PAYMENTS = 1_005;
const PAGE = 1_000;
/** 140 characters of four bytes each. */
const LONGEST_DESCRIPTION = "𝄞".repeat(140);

describe(`Pages of ${PAGE} payments with the longest texts, on the ${TEST_BROKER} broker`, function () {
  this.timeout(120_000);
  const house = useStack();

  before(() => recordPayments(house()));

  it("are read by gRPC", async () => {
    const { payments, nextPageToken } = await list(house(), PAGE, "");
    expect(payments).to.have.length(PAGE);
    expect(payments[0]?.description).to.equal(LONGEST_DESCRIPTION);
    const next = await list(house(), PAGE, nextPageToken);
    expect(next.payments).to.have.length(PAYMENTS - PAGE);
    expect(new Set([...payments, ...next.payments].map(({ id }) => id)).size).to.equal(PAYMENTS);
  });

  it("are read by HTTP", async () => {
    const answer = await house().http(`/v1/payments?page_size=${PAGE}`);
    const text = await answer.text();
    expect(answer.status, text.slice(0, 300)).to.equal(200);
    expect(JSON.parse(text).payments).to.have.length(PAGE);
  });
});

async function list(house: TestStack, pageSize: number, pageToken: string): Promise<ListPaymentsResponse> {
  const metadata = await house.metadataOf("m-0001");
  return new Promise((resolve, reject) => {
    house.grpc.listPayments(ListPaymentsRequest.fromPartial({ pageSize, pageToken }), metadata, (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
}

/** Declined payments, straight into client-bank's table: what is read is what matters here. */
async function recordPayments(house: TestStack): Promise<void> {
  await house.query(
    `INSERT INTO client_bank.payments (
       id, merchant_id, request_id, parameters_hash, currency, amount, description, state, decline_reason, card_brand,
       card_last_four, card_expiry_month, card_expiry_year, accept_time, deadline, validate_time, capture_time,
       settle_time, finish_time, captured_amount, given_back_amount)
     SELECT 'pay_' || lpad(translate(number::text, '0123456789', 'abcdefghij'), 32, 'a'), 'm-0001',
       rpad('r-' || number || '-', 64, 'r'), repeat('h', 43), 'EUR', 1000000000, $2, 'DECLINED', 'CURRENCY_NOT_SUPPORTED',
       'american-express', '0005', 12, 2030, moment, moment, moment, moment, moment, moment, 0, 0
     FROM generate_series(1, $1::int) AS number, LATERAL (SELECT now() - number * interval '1 second' AS moment) AS at`,
    [PAYMENTS, LONGEST_DESCRIPTION],
  );
}
