/** Requests to the gRPC door: messages whose fields and bytes were changed. */
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { Random } from "../../chaos/dist/random.js";
import { API_ERROR_REASONS } from "../../dist/gateway/api-error.js";
import { ErrorInfo } from "../../dist/gen/google/rpc/error_details.js";
import { Status } from "../../dist/gen/google/rpc/status.js";
import {
  GetPaymentRequest,
  ListPaymentsRequest,
  PayRequest,
  RefundPaymentRequest,
} from "../../dist/gen/quittance/payments/v1/payments.js";
import { drawByteChange } from "./byte-mutations.js";
import { type Answer, drawCase, type FuzzCase, type Mutation } from "./fuzz-case.js";
import { CARD_NUMBER, hostileText } from "./hostile-values.js";

const TIMEOUT_MS = 40_000;
const SERVICE = "/quittance.payments.v1.PaymentService";

export interface GrpcDoor {
  readonly client: Client;
  readonly token: string;
  readonly paymentId: string;
}

/** Opens one connection, over which all calls go. */
export function openGrpc(port: number): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure());
}

interface Draft {
  readonly method: string;
  readonly message: Record<string, unknown>;
  readonly encode: (message: never) => { finish(): Uint8Array };
  readonly headers: Record<string, string>;
  readonly changes: ((bytes: Buffer) => Buffer)[];
}

export function grpcCase(door: GrpcDoor, seed: number, place: number): FuzzCase {
  const operations = OPERATIONS.map((operation) => (requestId: string) => operation(door, requestId));
  return drawCase({ door: "grpc", operations, drawMutation, send: (draft) => send(door, draft), show }, seed, place);
}

const OPERATIONS: readonly ((door: GrpcDoor, requestId: string) => Draft)[] = [
  pay,
  pay,
  pay,
  refund,
  refund,
  read,
  list,
];

function pay({ token }: GrpcDoor, requestId: string): Draft {
  const card = { number: CARD_NUMBER, expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" };
  const amount = { currencyCode: "EUR", minorUnits: 100n };
  const own = { clientReference: "order", metadata: { key: "value" } };
  const message = { requestId, card, amount, description: "fuzz", wait: { seconds: 0n, nanos: 0 }, capture: 0, ...own };
  return draft(token, "Pay", message, PayRequest.encode);
}

function refund({ token, paymentId }: GrpcDoor, requestId: string): Draft {
  const amount = { currencyCode: "EUR", minorUnits: 1n };
  const message = {
    ...{ id: paymentId, requestId, amount, wait: { seconds: 0n, nanos: 0 } },
    ...{ clientReference: "order", metadata: { key: "value" } },
  };
  return draft(token, "RefundPayment", message, RefundPaymentRequest.encode);
}

function read({ token, paymentId }: GrpcDoor): Draft {
  return draft(token, "GetPayment", { id: paymentId }, GetPaymentRequest.encode);
}

function list({ token }: GrpcDoor): Draft {
  const filters = { requestId: "", state: 0, cardLastFour: "4242", clientReference: "order", orderBy: "create_time" };
  const message = { pageSize: 5, pageToken: "", ...filters, startTime: new Date(0), endTime: undefined };
  return draft(token, "ListPayments", message, ListPaymentsRequest.encode);
}

function draft(token: string, method: string, message: Record<string, unknown>, encode: Draft["encode"]): Draft {
  return { method, message, encode, headers: { authorization: `Bearer ${token}` }, changes: [] };
}

const TEXTS = [
  ...["requestId", "id", "description", "pageToken", "card.number", "card.holderName", "amount.currencyCode"],
  ...["clientReference", "metadata.key", "metadata.__proto__", "metadata.4242424242424242"],
  ...["cardLastFour", "orderBy"],
];
const INTEGERS = ["card.expiryMonth", "card.expiryYear", "pageSize", "wait.nanos", "state"];
const LONGS = ["amount.minorUnits", "wait.seconds"];
/** In milliseconds, also outside of what a Timestamp may be. */
const TIMES = [0, -1, Date.UTC(10_000, 0, 1), -62_135_596_800_001, 8.64e15, -8.64e15];
const HEADERS = ["authorization", "traceparent", "tracestate", "idempotency-key", "x-card"];

function drawMutation(random: Random): Mutation<Draft> {
  const kind = random.next();
  if (kind < 0.3) return setField(random.pick(TEXTS), hostileText(random));
  if (kind < 0.4)
    return setField(random.pick(INTEGERS), random.pick([0, -1, 13, 30, 2 ** 31 - 1, -(2 ** 31), 999_999_999]));
  if (kind < 0.5)
    return setField(random.pick(LONGS), random.pick([0n, -1n, 31n, 10n ** 15n, 2n ** 63n - 1n, -(2n ** 63n)]));
  if (kind < 0.53) return setField(random.pick(["card", "amount", "wait"]), undefined);
  if (kind < 0.55) return setField(random.pick(["startTime", "endTime"]), new Date(random.pick(TIMES)));
  if (kind < 0.85) {
    const { name, change } = drawByteChange(random);
    return { name, apply: ({ changes }) => changes.push(change) };
  }
  const name = random.pick(HEADERS);
  const value = hostileText(random)
    .replaceAll(/[^\x20-\x7e]/g, "")
    .trim();
  return {
    name: `${name}: ${value.slice(0, 60)}`,
    apply: ({ headers }) => {
      headers[name] = value;
    },
  };
}

function setField(path: string, value: unknown): Mutation<Draft> {
  const [name = "", inner] = path.split(".");
  return {
    name: `${path} = ${String(value).slice(0, 80)}`,
    apply: ({ message }) => {
      if (!(name in message)) return;
      if (inner === undefined) message[name] = value;
      else if (message[name] !== undefined) {
        // As data, also under a name that would change the object.
        Object.defineProperty(message[name], inner, { value, enumerable: true, configurable: true, writable: true });
      }
    },
  };
}

function bytesOf({ message, encode, changes }: Draft): Buffer {
  return changes.reduce<Buffer>((bytes, change) => change(bytes), Buffer.from(encode(message as never).finish()));
}

function send({ client }: GrpcDoor, made: Draft): Promise<Answer> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(made.headers)) metadata.set(name, value);
  const same = (bytes: Buffer) => bytes;
  const options = { deadline: Date.now() + TIMEOUT_MS };
  const beganMs = performance.now();
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const path = `${SERVICE}/${made.method}`;
    client
      .makeUnaryRequest(path, same, same, bytesOf(made), metadata, options, (_error, response) => {
        bytes = Buffer.from(response ?? []);
      })
      .once("status", (end) => {
        const elapsedMs = performance.now() - beganMs;
        // The callback comes after this event.
        setImmediate(() => resolve(answerOf(end as ServiceError, bytes, elapsedMs)));
      });
  });
}

const KNOWN: ReadonlySet<string> = new Set(API_ERROR_REASONS);

function answerOf({ code, details, metadata }: ServiceError, bytes: Buffer, elapsedMs: number): Answer {
  const [packed] = metadata.get("grpc-status-details-bin");
  const all = packed === undefined ? undefined : Status.decode(Buffer.from(packed));
  const info = all?.details.find(({ typeUrl }) => typeUrl.endsWith("google.rpc.ErrorInfo"));
  const reason = info && ErrorInfo.decode(info.value).reason;
  const faults: string[] = [];
  if (!/^00-[0-9a-f]{32}-/.test(String(metadata.get("traceresponse")[0]))) faults.push("it names no trace");
  if (code !== status.OK && !KNOWN.has(reason ?? "")) faults.push(`its reason is ${reason}`);
  // A message above the limit is refused by gRPC itself.
  const malformed = faults.length === 0 || code === status.RESOURCE_EXHAUSTED ? undefined : faults.join(", ");
  const packedText = Buffer.from(packed ?? []).toString("latin1");
  const text = [details, packedText, bytes.toString("latin1"), JSON.stringify(metadata.getMap())].join("\n");
  return { status: code, reason, malformed, text, elapsedMs };
}

function show(made: Draft): string {
  const headers = Object.entries(made.headers).map(([name, value]) =>
    name === "authorization" && value.length > 100 ? `${name}: Bearer <token>` : `${name}: ${value}`,
  );
  const bytes = bytesOf(made).toString("base64").slice(0, 4_000);
  return [`${SERVICE.slice(1)}/${made.method}`, ...headers, "", `${bytes} (base64 of the message)`].join("\n");
}
