/** Payments over HTTP, as an operator sees them: those of all merchants, and the story of one. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { invalidFields, noSuchPayment } from "../../gateway/api-error.js";
import { isMerchantId } from "../../shared/merchant-id.js";
import { PAYMENT_ID } from "../../shared/payment-id.js";
import { explainPayment, isUnknown } from "../cli/explain-payment.js";
import { RFC_3339 } from "../cli/rfc-3339.js";
import { READ, sendJson } from "./console-access.js";
import { ConsoleError } from "./console-error.js";
import type { OperatorParts } from "./operator-parts.js";
import { DEFAULT_PAGE_SIZE, listPayments, MAXIMUM_PAGE_SIZE, type PaymentPosition, STATES } from "./payment-list.js";

/** PostgreSQL's code of a statement that was ended because it took too long. */
const QUERY_CANCELED = "57014";

const id = z.string().refine(isMerchantId, "must be an id");
const time = z
  .string()
  .refine((text) => RFC_3339.test(text) && !Number.isNaN(Date.parse(text)), "must be a time in RFC 3339")
  .transform((text) => new Date(text));
const listQuery = z.object({
  merchant: id.optional(),
  client: id.optional(),
  state: z.enum(STATES, `must be one of ${STATES.join(", ")}`).optional(),
  requestId: z.string("must be there once").max(64, "must have at most 64 characters").optional(),
  clientReference: z.string("must be there once").max(200, "must have at most 200 characters").optional(),
  cardLastFour: z
    .string()
    .regex(/^[0-9]{4}$/, "must be four digits")
    .optional(),
  acceptedFrom: time.optional(),
  acceptedTo: time.optional(),
  pageSize: z.coerce
    .number("must be a whole number")
    .int("must be a whole number")
    .min(1, "must be 1 or more")
    .default(DEFAULT_PAGE_SIZE)
    .transform((size) => Math.min(size, MAXIMUM_PAGE_SIZE)),
  pageToken: z.string("must be there once").default("").transform(readPosition),
});

/** @param unready one sentence for each service that is not ready, by its name. */
export function addPaymentRoutes(
  app: FastifyInstance,
  parts: OperatorParts,
  unready: () => Promise<ReadonlyMap<string, string>>,
): void {
  const parameters = Object.fromEntries(Object.keys(listQuery.shape).map((name) => [name, name]));
  app.get("/console/v1/payments", { config: { ...READ, parameters } }, async ({ query }, reply) => {
    // `?state=` asks for every state, as a form does whose field is empty.
    const given = Object.fromEntries(Object.entries(query as object).filter(([, value]) => value !== ""));
    const read = listQuery.safeParse(given);
    if (!read.success) {
      throw invalidFields(
        read.error.issues.map(({ path, message }) => ({ field: path.join("."), description: message })),
      );
    }
    const { pageSize, pageToken: after, ...filter } = read.data;
    const page = await parts.onDatabase((client) =>
      listPayments(client, { filter, pageSize, after }).catch((error: { code?: unknown }) => {
        throw error.code === QUERY_CANCELED ? tooMuch() : error;
      }),
    );
    return sendJson(reply, {
      payments: page.payments,
      nextPageToken: page.next === undefined ? "" : writePosition(page.next),
    });
  });
  app.get<{ Params: { id: string } }>("/console/v1/payments/:id/story", { config: READ }, async ({ params }, reply) => {
    if (!PAYMENT_ID.test(params.id)) throw noSuchPayment();
    const explanation = await explainPayment(
      {
        onDatabase: (work) => parts.onDatabase(work),
        onBroker: (work) => parts.onBroker(work).catch(() => undefined),
        unready,
      },
      params.id,
    );
    if (isUnknown(explanation)) throw noSuchPayment();
    return sendJson(reply, explanation);
  });
}

function tooMuch(): ConsoleError {
  return new ConsoleError(
    "INVALID_ARGUMENT",
    "SEARCH_TOO_LONG",
    "The search looks at too many payments: name a merchant, or a shorter time.",
  );
}

function writePosition({ acceptTime, id: last }: PaymentPosition): string {
  return Buffer.from(JSON.stringify([acceptTime, last])).toString("base64url");
}

const POSITION = z.tuple([z.string().refine((text) => !Number.isNaN(Date.parse(text))), z.string().regex(PAYMENT_ID)]);

function readPosition(token: string, context: z.RefinementCtx): PaymentPosition | undefined {
  if (token === "") return undefined;
  const read = POSITION.safeParse(parsedToken(token));
  if (read.success) return { acceptTime: read.data[0], id: read.data[1] };
  context.addIssue({ code: "custom", message: "must be the nextPageToken of an earlier page" });
  return z.NEVER;
}

function parsedToken(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
