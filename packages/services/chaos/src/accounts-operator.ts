/** The operator who pays out of merchants' accounts through the API, and what is prepared for that and for webhooks. */
import { randomUUID } from "node:crypto";
import { DEMO_MERCHANTS } from "../../dist/operator/demo-bank.js";
import { OPERATOR_SCOPES } from "../../dist/shared/scopes.js";
import type { Stack } from "../../dist/stack/stack.js";
import { type CallEnd, callApi } from "./api-call.js";
import { MerchantEndpoint } from "./merchant-endpoint.js";
import type { PayoutCall } from "./request-book.js";

/** Merchants that have an endpoint and are paid out: the one with a third of the load, and two others. */
const PREPARED = DEMO_MERCHANTS.slice(0, 3);
/** Enough for every payout of a campaign, in minor units: none may be refused. */
const TOP_UP = 1_000_000_000n;

export interface AccountsOperator {
  /** Whom it pays. */
  readonly merchants: readonly { readonly id: string; readonly currencyCode: string }[];
  payOut(call: PayoutCall): Promise<CallEnd>;
}

/** Opens the operator's access at the gateways, which it calls in turn. */
export async function openAccountsOperator(stack: Pick<Stack, "gateways" | "tokenOf">): Promise<AccountsOperator> {
  const token = await stack.tokenOf("campaign", OPERATOR_SCOPES);
  let calls = 0;
  const move = ({ merchantId, requestId, currencyCode, minorUnits }: PayoutCall, verb: "payOut" | "topUp") => {
    calls += 1;
    const { httpPort } = stack.gateways[calls % stack.gateways.length] as Stack["gateways"][number];
    const amount = { currencyCode, minorUnits: `${minorUnits}` };
    const body = { requestId, amount, reason: "the fault campaign" };
    return callApi(`http://127.0.0.1:${httpPort}/v1/merchants/${merchantId}:${verb}`, token, body);
  };
  for (const { id, currencyCode } of PREPARED) {
    const call = { merchantId: id, requestId: randomUUID(), currencyCode, minorUnits: TOP_UP };
    mustBeDone(await move(call, "topUp"));
  }
  return { merchants: PREPARED, payOut: (call) => move(call, "payOut") };
}

/** Starts an endpoint for each of them, and creates it through the API. */
export function openEndpoints(stack: Pick<Stack, "gateways" | "tokenOf">): Promise<MerchantEndpoint[]> {
  return Promise.all(
    PREPARED.map(async ({ id }) => {
      const endpoint = await MerchantEndpoint.start(id);
      const url = `http://127.0.0.1:${stack.gateways[0]?.httpPort}/v1/webhook-endpoints`;
      const body = { requestId: randomUUID(), url: endpoint.url };
      const created = mustBeDone(await callApi(url, await stack.tokenOf(id), body)) as {
        readonly webhookEndpoint: { readonly id: string };
        readonly secret: string;
      };
      endpoint.registered({ id: created.webhookEndpoint.id, secret: created.secret });
      return endpoint;
    }),
  );
}

/** Nothing is broken yet. */
function mustBeDone(end: CallEnd): unknown {
  if (end.kind !== "done") throw new Error(`The campaign cannot prepare its merchants: ${end.why}`);
  return end.body;
}
