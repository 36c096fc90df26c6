import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { credentials, type Metadata, type ServiceError } from "@grpc/grpc-js";
import { type Message, queue } from "@quittance/sdk";
import { expect } from "chai";
import {
  CancelPaymentRequest,
  CapturePaymentRequest,
  GetPaymentRequest,
  GetRefundRequest,
  ListPaymentsRequest,
  ListRefundsRequest,
  PaymentServiceClient,
  PayRequest,
  RefundPaymentRequest,
} from "../../dist/gen/quittance/payments/v1/payments.js";
import { luhnCheckDigit } from "../../dist/shared/luhn.js";
import { DURABLE_CHANNELS, deadLetterAddress } from "../../dist/shared/queue-map.js";
import { eventually } from "../support/eventually.js";
import { GOOD_CARD, TEST_BROKER, untilAllFinal, useStack } from "../support/stack-for-tests.js";

/** Every number that was sent: each place has one of its own, so that one that is found tells where it came in. */
const sent = new Map<string, string>();

/** A card number that nobody was issued; `good` is whether its check digit is right. */
function cardNumber(place: string, good = true): string {
  const payload = `42${String(sent.size).padStart(13, "0")}`;
  const right = luhnCheckDigit(payload);
  const number = payload + (good ? right : String((Number(right) + 1) % 10));
  sent.set(number, place);
  return number;
}

const grouped = (number: string) => number.replaceAll(/(.{4})(?=.)/g, "$1 ");
const fullWidth = (number: string) => number.replaceAll(/./g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
/** The number in ASCII digits without separators, in whatever form a store has it. */
const plain = (text: string) => text.normalize("NFKC").replaceAll(/(?<=[0-9])[ -](?=[0-9])/g, "");

/** The methods that are called over gRPC, each with what makes a whole request of the fields that a call names. */
const REQUESTS = {
  pay: PayRequest,
  refundPayment: RefundPaymentRequest,
  capturePayment: CapturePaymentRequest,
  cancelPayment: CancelPaymentRequest,
  getPayment: GetPaymentRequest,
  getRefund: GetRefundRequest,
  listPayments: ListPaymentsRequest,
  listRefunds: ListRefundsRequest,
} as const;

describe(`Card numbers, on the ${TEST_BROKER} broker`, function () {
  this.timeout(180_000);
  const exported: string[] = [];
  const environment: Record<string, string> = {
    LOG_LEVEL: "trace",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_METRIC_EXPORT_INTERVAL: "500",
    OTEL_METRIC_EXPORT_TIMEOUT: "500",
    OTEL_BSP_SCHEDULE_DELAY: "200",
  };
  let collector: Server;
  before("a collector listens", async () => {
    collector = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      exported.push(`${request.url} ${Buffer.concat(chunks).toString()}`);
      response.setHeader("content-type", "application/json").end("{}");
    });
    await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
    environment.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    Object.assign(process.env, environment);
  });
  const system = useStack();
  let client: PaymentServiceClient;
  before(() => {
    for (const name of Object.keys(environment)) delete process.env[name];
    client = new PaymentServiceClient(`127.0.0.1:${system().stack.grpcPort}`, credentials.createInsecure());
  });
  after(async () => {
    client.close();
    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
  });

  const body = (changes: object) => ({
    requestId: `r${sent.size}`,
    card: GOOD_CARD,
    amount: { currencyCode: "EUR", minorUnits: "100" },
    wait: "20s",
    ...changes,
  });

  /** Calls the HTTP door; the answer must not repeat what was sent, and must not be a failure of ours. */
  async function http(path: string, content?: object, headers: Record<string, string> = {}): Promise<void> {
    const post = content === undefined ? {} : { method: "POST", body: JSON.stringify(content) };
    const answer = await system().http(path, { ...post, headers });
    const text = `${JSON.stringify([...answer.headers])} ${await answer.text()}`;
    expect(answer.status, text).to.be.below(500);
    expectNone("an answer of HTTP", text);
  }

  async function grpc(
    method: keyof typeof REQUESTS,
    fields: object,
    headers: Record<string, string> = {},
  ): Promise<void> {
    const metadata = await system().metadataOf("m-0001");
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    type Call = (message: object, metadata: Metadata, done: (error: Error | null, answer: object) => void) => void;
    const call = (client[method] as unknown as Call).bind(client);
    const message = REQUESTS[method].fromPartial(fields);
    const text = await new Promise<string>((resolve) => {
      call(message, metadata, (error, answer) =>
        resolve(error === null ? answerOf(answer) : `${error} ${answerOf(error)} ${detailsOf(error)}`),
      );
    });
    expect(text).not.to.match(/INTERNAL|UNKNOWN:|UNAVAILABLE/);
    expectNone("an answer of gRPC", text);
  }

  function expectNone(where: string, text: string): void {
    const found = plain(text);
    for (const [number, place] of sent)
      expect(found.includes(number), `${where} has the number of ${place}`).to.equal(false);
  }

  it("may be in any field, header, query or path of HTTP, and are never repeated", async () => {
    for (const form of [String, grouped, fullWidth]) {
      const made = (place: string) => form(cardNumber(`HTTP ${place}`));
      await http("/v1/payments", body({ requestId: made("requestId") }));
      await http("/v1/payments", body({ description: `card ${made("description")}` }));
      await http("/v1/payments", body({ clientReference: made("clientReference") }));
      await http("/v1/payments", body({ metadata: { [made("a key of metadata")]: made("a value of metadata") } }));
      await http("/v1/payments", body({ card: { ...GOOD_CARD, holderName: made("holderName") } }));
      await http("/v1/payments", body({ card: { ...GOOD_CARD, cvc: made("cvc") } }));
      await http("/v1/payments", body({ card: { ...GOOD_CARD, [made("a field's name")]: 1 } }));
      await http(
        "/v1/payments",
        body({ amount: { currencyCode: made("currencyCode"), minorUnits: made("minorUnits") } }),
      );
      await http("/v1/payments", body({ wait: made("wait"), [`x${made("a word")}`]: made("an unknown field") }));
      await http("/v1/payments", body({ card: made("card"), amount: made("amount") }));
      await http("/v1/payments/pay_x:refund", { requestId: made("a refund"), id: made("id"), amount: made("amount") });
      const query = encodeURIComponent(made("query"));
      await http(`/v1/payments?page_size=${query}&pageToken=${query}&${query}=${query}`);
      await http(`/v1/payments?requestId=${query}&clientReference=${query}&cardLastFour=${query}&orderBy=${query}`);
      await http(`/v1/refunds?payment=${query}&state=${query}&startTime=${query}`);
      await http(`/v1/payments/${query}:capture`, { amount: { currencyCode: made("a capture"), minorUnits: "1" } });
      await http(`/v1/payments/${query}:cancel`, {});
      const path = encodeURIComponent(made("path"));
      for (const place of [`/v1/payments/${path}`, `/v1/refunds/${path}`, `/${path}`, `/v1/payments/${path}%ff`]) {
        await http(place);
      }
      await http(`/v1/payments/${path}:refund`, { requestId: "r" });
    }
    for (const name of [
      "idempotency-key",
      "tracestate",
      "baggage",
      "user-agent",
      "referer",
      "cookie",
      "x-request-id",
    ]) {
      const { requestId: _, ...rest } = body({});
      await http("/v1/payments", rest, { "idempotency-key": `k${sent.size}`, [name]: cardNumber(`header ${name}`) });
    }
    await http("/v1/payments", body({}), { traceparent: traceparentOf(cardNumber("header traceparent")) });
    await http("/v1/payments", undefined, { authorization: `Bearer ${cardNumber("header authorization")}` });
    await http("/v1/payments", body({}), { "content-type": `application/json; charset=${cardNumber("charset")}` });
  });

  it("may be in any field and metadata of gRPC, and are never repeated", async () => {
    const request = (changes: object) => ({
      ...body({ amount: { currencyCode: "EUR", minorUnits: 100n }, wait: { seconds: 20n, nanos: 0 } }),
      ...changes,
    });
    for (const form of [String, grouped, fullWidth]) {
      const made = (place: string) => form(cardNumber(`gRPC ${place}`));
      await grpc("pay", request({ requestId: made("request_id") }));
      await grpc("pay", request({ description: made("description") }));
      await grpc("pay", request({ card: { ...GOOD_CARD, holderName: made("holder_name") } }));
      await grpc("pay", request({ amount: { currencyCode: made("currency_code"), minorUnits: 1n } }));
      await grpc("pay", request({ clientReference: made("client_reference") }));
      await grpc("pay", request({ metadata: { [made("a key of metadata")]: made("a value of metadata") } }));
      await grpc("refundPayment", { id: made("id"), requestId: made("a refund") });
      await grpc("capturePayment", {
        id: made("a capture"),
        amount: { currencyCode: made("its currency"), minorUnits: 1n },
      });
      await grpc("cancelPayment", { id: made("a cancellation") });
      await grpc("getPayment", { id: made("a payment's id") });
      await grpc("getRefund", { id: made("a refund's id") });
      await grpc("listPayments", { pageSize: 1, pageToken: made("page_token") });
      await grpc("listPayments", {
        requestId: made("a filter by request_id"),
        clientReference: made("one by reference"),
      });
      await grpc("listPayments", { cardLastFour: made("card_last_four"), orderBy: made("order_by") });
      await grpc("listRefunds", { payment: made("a filter by payment"), clientReference: made("one of refunds") });
    }
    for (const name of ["tracestate", "baggage", "user-agent", "idempotency-key", "x-request-id"]) {
      await grpc("pay", request({}), { [name]: cardNumber(`metadata ${name}`) });
    }
    await grpc("pay", request({}), { traceparent: traceparentOf(cardNumber("metadata traceparent")) });
    await grpc("pay", request({}), { authorization: `Bearer ${cardNumber("metadata authorization")}` });
  });

  it("pay where they belong, and are sealed in the broker at each step", async () => {
    const auditor = await system().auditor();
    for (const [service, address] of [
      ["card-validation", "payment"],
      ["client-bank", "validation-result"],
      ["merchant-bank", "bank-result"],
    ] as const) {
      const goOn = await system().stack.hold(service);
      for (const good of [true, false]) {
        const number = cardNumber(`card.number, ${service} away`, good);
        await http("/v1/payments", body({ card: { ...GOOD_CARD, number }, wait: "0s" }));
      }
      await eventually(`two messages wait on ${address}`, async () => {
        let count = 0;
        await using browser = await auditor.createBrowser(queue(address));
        for await (const message of browser) {
          expectNone(`a message on ${address}`, textOf(message));
          count++;
        }
        return count >= 2;
      });
      await goOn();
    }
    await untilAllFinal(system(), 6);
  });

  it("are in no dead letter, no row of any table, no line of any log, no span and no metric", async () => {
    const auditor = await system().auditor();
    for (const channel of DURABLE_CHANNELS) {
      await using browser = await auditor.createBrowser(queue(deadLetterAddress(channel)));
      for await (const message of browser) expectNone(`a dead letter of ${channel.address}`, textOf(message));
    }
    const tables = await system().query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    expect(tables.map(({ name }) => name)).to.include.members(["client_bank.payments", "merchant_bank.receipts"]);
    for (const { name } of tables) {
      for (const { row } of await system().query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)) {
        expectNone(`a row of ${name}`, row);
      }
    }
    expect(system().output().length, "the logs").to.be.greaterThan(10_000);
    expectNone("a log", system().output());
    await eventually("spans and metrics came", () =>
      ["/v1/traces", "/v1/metrics"].every((path) => exported.some((one) => one.startsWith(path))),
    );
    expectNone("a span or metric", exported.join("\n"));
    expect(sent.size).to.be.greaterThan(90);
  });
});

function traceparentOf(number: string): string {
  return `00-${number}${number}-${number}-01`;
}

/** What a client decodes of a failure. */
function detailsOf(error: Error): string {
  const { metadata } = error as ServiceError;
  return Object.values(metadata.getMap())
    .map((value) => value.toString("latin1"))
    .join(" ");
}

/** Everything that a message has. */
function textOf({ body, properties, messageId, correlationId, traceparent, replyTo }: Message): string {
  const bytes = body instanceof Uint8Array ? Buffer.from(body).toString("latin1") : body;
  return JSON.stringify([bytes, properties, messageId, correlationId, traceparent, replyTo?.address]);
}

/** Everything that an answer has, bytes as text too. */
function answerOf(answer: object): string {
  return JSON.stringify(answer, (_name, value) => {
    if (typeof value === "bigint") return value.toString();
    return value?.type === "Buffer" ? Buffer.from(value.data).toString("latin1") : value;
  });
}
