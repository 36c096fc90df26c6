/** Sends the requests of a seed, a few at once, and judges each answer. */
import type { Agent } from "node:http";
import type { Client } from "@grpc/grpc-js";
import type { FuzzCase } from "./fuzz-case.js";
import { type GoodClientReport, startGoodClient } from "./good-client.js";
import { grpcCase } from "./grpc-case.js";
import { CARD_NUMBER } from "./hostile-values.js";
import { httpCase } from "./http-case.js";
import { faultOf } from "./judge.js";
import type { FuzzOptions } from "./options.js";
import { smallestFailing } from "./smallest.js";

/** Requests under way at once. */
const CONCURRENCY = 16;
/** After so many failures the rest says nothing new. */
const MAXIMUM_FAILURES = 10;
const SAY_AFTER = 1_000;

export interface FuzzReport {
  readonly requests: number;
  /** How often each kind of answer came. */
  readonly answers: ReadonlyMap<string, number>;
  readonly failures: readonly string[];
  readonly good: GoodClientReport;
}

interface Parts {
  readonly options: FuzzOptions;
  readonly ports: { readonly http: number; readonly grpc: number };
  readonly tokens: { readonly bad: string; readonly good: string };
  readonly agent: Agent;
  readonly client: Client;
  readonly secrets: readonly string[];
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

export async function runFuzz(parts: Parts): Promise<FuzzReport> {
  const { options, ports, tokens, agent, client, signal, say } = parts;
  const { seed, only } = options;
  const run = Date.now().toString(36);
  const url = `http://127.0.0.1:${ports.http}`;
  const paymentId = await payForRefunds(url, tokens.bad, run);
  const caseOf = (place: number): FuzzCase =>
    place % 2 === 0
      ? grpcCase({ client, token: tokens.bad, paymentId }, seed, place)
      : httpCase({ port: ports.http, token: tokens.bad, paymentId, agent }, seed, place);
  const answers = new Map<string, number>();
  const failures: string[] = [];
  const last = only ?? options.requests;
  let next = only ?? 1;
  let requests = 0;
  const good = startGoodClient({ url, token: tokens.good, run });
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (next <= last && failures.length < MAXIMUM_FAILURES && !signal.aborted) {
        const fuzzCase = caseOf(next++);
        const { kind, fault } = await attempt(fuzzCase, parts.secrets, () => true);
        answers.set(kind, (answers.get(kind) ?? 0) + 1);
        requests++;
        if (fault !== undefined) failures.push(await tellFailure(fuzzCase, fault, parts));
        if (requests % SAY_AFTER === 0) say(`  ${requests} requests, ${failures.length} failed`);
      }
    }),
  );
  return { requests, answers, failures, good: await good.stop() };
}

/** A large payment: it can be refunded by cents for as long as anybody fuzzes. */
async function payForRefunds(url: string, token: string, run: string): Promise<string> {
  const answer = await fetch(`${url}/v1/payments`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({
      requestId: `fuzzed-${run}`,
      card: { number: CARD_NUMBER, expiryMonth: 12, expiryYear: 2030, holderName: "Ada Example" },
      amount: { currencyCode: "EUR", minorUnits: "5000000" },
      wait: "30s",
    }),
  });
  const { payment } = (await answer.json()) as { payment?: { id: string; state: string } };
  if (payment?.state !== "PAYMENT_STATE_SUCCEEDED") throw new Error("The system does not take a good payment.");
  return payment.id;
}

async function attempt(
  fuzzCase: FuzzCase,
  secrets: readonly string[],
  keep: (mutation: number) => boolean,
): Promise<{ readonly kind: string; readonly fault: string | undefined }> {
  try {
    const answer = await fuzzCase.send(keep);
    const kind = `${fuzzCase.door} ${answer.status} ${answer.reason ?? ""}`.trimEnd();
    return { kind, fault: faultOf(fuzzCase.door, answer, secrets) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: `${fuzzCase.door} no answer`, fault: `It was not answered: ${why}` };
  }
}

/** The sentence of a failure, with the smallest request that fails in the same way. */
async function tellFailure(fuzzCase: FuzzCase, fault: string, { options, secrets }: Parts): Promise<string> {
  const kept = await smallestFailing(
    fuzzCase.mutations.length,
    async (keep) => (await attempt(fuzzCase, secrets, keep)).fault !== undefined,
  );
  const keep = (mutation: number) => kept.has(mutation);
  const changes = fuzzCase.mutations.filter((_, place) => kept.has(place)).join("; ");
  const again = `npm run fuzz -- --seed ${options.seed} --only ${fuzzCase.place}`;
  return `request ${fuzzCase.place}: ${fault}\n  changed: ${changes}\n  again: ${again}\n${fuzzCase.show(keep)}\n`;
}
