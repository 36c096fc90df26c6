import { expect } from "chai";
import { SERVICES, type ServiceName } from "../../dist/topology/system-table.js";
import { ApiClient, payRequest } from "../gateway/api-client.js";
import { type CountedStack, clearCounts, countsOf, isIdle, useCountedStack } from "../support/counted-stack.js";
import { eventually } from "../support/eventually.js";
import {
  type Budget,
  type BudgetCase,
  overspent,
  readBudget,
  type ServiceCounts,
  underspent,
  WRITES_BUDGET,
  writeBudget,
} from "./payment-budget.js";

/** Until every statement is prepared and every link has its credit. */
const FIRST_PAYMENTS = 5;
const HUNDRED = 100;
/** Where gateways say every few seconds what they watch. */
const NOTICE = "gateway-notice";
/** What comes by the clock, whether or not anybody pays: notices, and notification's looks for what became due or old. */
const BY_THE_CLOCK = [NOTICE, "list-due-endpoints", "find-sealed-otherwise", "purge-events", "give-up-for-deleted"];
/**
 * Frames that settle a hundred messages, at most: one for each batch, where two that end in the same turn share one; in
 * the gateway one for each piece in which the broker's answers come.
 */
const SETTLING_FRAMES: Partial<Record<ServiceName, number>> = { gateway: 10, "card-validation": 3 };

describe("What payments cost", function () {
  this.timeout(120_000);
  const system = useCountedStack();
  let client: ApiClient;
  let budget: Budget;
  const counted: Record<BudgetCase, Partial<Record<ServiceName, ServiceCounts>>> = { one: {}, hundred: {} };

  const callers = (name: string, count: number) =>
    Array.from({ length: count }, (_, number) =>
      client.pay(payRequest(`${name}-${number}`, { wait: { seconds: 30n, nanos: 0 } })),
    );

  before(async () => {
    budget = await readBudget();
    const { stack } = system();
    const [grpcAddress, httpUrl] = [`127.0.0.1:${stack.grpcPort}`, `http://127.0.0.1:${stack.httpPort}`];
    client = new ApiClient({ grpcAddress, httpUrl, token: await stack.tokenOf("m-0001") });
    await untilReceived(system(), "client-bank", NOTICE, 1);
    for (let number = 0; number < FIRST_PAYMENTS; number += 1) await Promise.all(callers(`first-${number}`, 1));
    await untilSettled(system(), FIRST_PAYMENTS);

    counted.one = await countedBetweenNotices(system(), async (round) => {
      await Promise.all(callers(`one-${round}`, 1));
      await untilSettled(system(), 1);
    });
    counted.hundred = withoutLuck(
      await countedBetweenNotices(system(), async (round) => {
        await payTogether(system(), (name, count) => callers(`${name}-of-${round}`, count));
        await untilSettled(system(), HUNDRED);
      }),
    );
    if (WRITES_BUDGET) await writeBudget(counted as Budget);
  });
  after(() => client.close());

  for (const [name, sentence] of [
    ["one", "one payment"],
    ["hundred", "a hundred payments"],
  ] as const) {
    for (const service of SERVICES) {
      it(`is within the budget of ${sentence} in ${service}`, () => {
        const counts = counted[name][service] ?? {};
        const allowed = WRITES_BUDGET ? counts : budget[name][service];
        const less = underspent(allowed, counts);
        if (less.length > 0)
          process.stdout.write(`      cheaper than payment-budget.json has it: ${less.join("; ")}\n`);
        expect(overspent(allowed, counts), `${service}, ${sentence}`).to.deep.equal([]);
        expect(counts, "counted").to.not.be.empty;
      });
    }
  }

  it("is named with its number when it grows, or when something is new", () => {
    const allowed = { "round trips": 2, "statement COMMIT": 1 };
    const counts = { "round trips": 4, "statement COMMIT": 1, "statement BEGIN": 1 };
    expect(overspent(allowed, counts)).to.deep.equal([
      "round trips: 4, 2 more than the budget's 2",
      "statement BEGIN: 1, 1 more than the budget's 0",
    ]);
    expect(underspent(counts, allowed)).to.deep.equal(["round trips: 2 of 4", "statement BEGIN: 0 of 1"]);
  });
});

/** Resolves when so many payments have ended, and nothing more follows from them. */
function untilSettled(system: CountedStack, count: number): Promise<true> {
  return eventually("every message is settled", () => {
    const ends = system.linesOf("notification").broker.tally.of("transaction-result messages received");
    return ends >= count && SERVICES.every((service) => isIdle(system, service));
  });
}

/** What passes while `work` is done, and nothing does that goes by the clock. */
async function countedBetweenNotices(
  system: CountedStack,
  work: (round: number) => Promise<void>,
): Promise<Record<ServiceName, ServiceCounts>> {
  for (let round = 1; ; round += 1) {
    clearCounts(system);
    await work(round);
    const counts = countsOf(system);
    const passed = Object.values(counts).flatMap((of) => Object.keys(of));
    if (!passed.some((what) => BY_THE_CLOCK.some((name) => what.includes(name)))) return counts;
  }
}

function untilReceived(system: CountedStack, service: ServiceName, address: string, count: number): Promise<true> {
  return eventually(
    `${service} has ${count} messages of ${address}`,
    () => system.linesOf(service).broker.tally.of(`${address} messages received`) >= count,
  );
}

/**
 * A hundred payments: each step takes the first alone, and while that is held back the others come, so that it takes
 * them together. card-validation works two batches at once, so two are held back there.
 */
async function payTogether(system: CountedStack, callers: (name: string, count: number) => Promise<unknown>[]) {
  const received = (service: ServiceName, address: string, count: number) =>
    untilReceived(system, service, address, count);
  const holdDatabase = (service: ServiceName) => system.linesOf(service).database?.hold() ?? (() => undefined);

  const validate = system.linesOf("card-validation").broker.hold();
  const [capture, settle, notify] = [
    holdDatabase("client-bank"),
    holdDatabase("merchant-bank"),
    holdDatabase("notification"),
  ];
  const calls = callers("first", 1);
  await received("card-validation", "payment", 1);
  calls.push(...callers("second", 1));
  await received("card-validation", "payment", 2);
  calls.push(...callers("others", HUNDRED - 2));
  await received("card-validation", "payment", HUNDRED);
  validate();
  await received("client-bank", "validation-result", HUNDRED);
  capture();
  await received("merchant-bank", "bank-result", HUNDRED);
  const finish = holdDatabase("client-bank");
  settle();
  await received("client-bank", "transaction-result", HUNDRED);
  finish();
  await received("notification", "transaction-result", HUNDRED);
  notify();
  await Promise.all(calls);
}

/** Without what depends on how the kernel cuts a stream into pieces. */
function withoutLuck(counts: Record<ServiceName, ServiceCounts>): Record<ServiceName, ServiceCounts> {
  const rows = SERVICES.map((service) => {
    const { "disposition frames received": _ofTheBroker, ...rest } = counts[service];
    const dispositions = Math.max(rest["disposition frames sent"] ?? 0, SETTLING_FRAMES[service] ?? 0);
    return [service, { ...rest, "disposition frames sent": dispositions }];
  });
  return Object.fromEntries(rows);
}
