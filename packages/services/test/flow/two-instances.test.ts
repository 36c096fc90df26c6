import { expect } from "chai";
import {
  type PaymentServiceClient,
  PaymentState,
  type WatchPaymentResponse,
} from "../../dist/gen/quittance/payments/v1/payments.js";
import { SERVICES } from "../../dist/topology/system-table.js";
import { fetchDocumented } from "../support/documented-answers.js";
import { eventually } from "../support/eventually.js";
import { collect, eventsOf } from "../support/server-sent-events.js";
import { untilAllFinal, useStack } from "../support/stack-for-tests.js";

/** A caller whose answer went to the other gateway would wait so long, and then read the state. */
const WAIT_SECONDS = 30;
const WAIT = { seconds: BigInt(WAIT_SECONDS), nanos: 0 };
const AT_ONCE = { wait: { seconds: 0n, nanos: 0 } };

describe("the system with two processes of each service", function () {
  this.timeout(180_000);
  const two = Object.fromEntries(SERVICES.map((service) => [service, 2]));
  const system = useStack({ instances: two });

  it("has a door of its own for each gateway, and every instance among its services", async () => {
    const { stack } = system();
    expect(stack.gateways).to.have.length(2);
    expect(new Set(stack.gateways.flatMap(({ grpcPort, httpPort }) => [grpcPort, httpPort])).size).to.equal(4);
    expect(stack.gateways[0]).to.deep.equal({ grpcPort: stack.grpcPort, httpPort: stack.httpPort });
    for (const name of Object.keys(two)) {
      expect(stack.services().filter((service) => service.name === name)).to.have.length(2);
    }
    const payment = await system().pay({ requestId: "at-the-first" });
    const [, second] = stack.gateways;
    const response = await fetchDocumented(`http://127.0.0.1:${second?.httpPort}/v1/payments/${payment.id}`, {
      headers: { authorization: `Bearer ${await stack.tokenOf("m-0001")}` },
    });
    expect(((await response.json()) as { payment: { state: string } }).payment.state).to.match(/SUCCEEDED$/);
  });

  it("answers each caller through the gateway where it waits, and tells a watch of what came in through the other", async () => {
    const began = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => system().pay({ requestId: `waits-${n}`, wait: WAIT })),
    );
    expect(answers.map(({ state }) => state)).to.deep.equal(answers.map(() => PaymentState.SUCCEEDED));
    expect(performance.now() - began).to.be.below(WAIT_SECONDS * 1_000);

    const goOn = await system().stack.hold("merchant-bank");
    // One call goes to each gateway: the watch at the first one sees both.
    const ids = [
      await system().pay({ requestId: "one", ...AT_ONCE }),
      await system().pay({ requestId: "two", ...AT_ONCE }),
    ];
    const metadata = await system().metadataOf("m-0001");
    const watches = ids.map(({ id }) => watch(system().grpc.watchPayment({ id }, metadata)));
    await eventually("both watches know that theirs is pending", () =>
      watches.every(({ states }) => states.length > 0),
    );
    await goOn();
    for (const { ended } of watches) expect((await ended).at(-1)).to.equal(PaymentState.SUCCEEDED);
  });

  it("stops all processes of a service that is held, and starts them all again", async () => {
    const pidsOf = () =>
      system()
        .stack.services()
        .flatMap(({ name, pid }) => (name === "client-bank" ? [pid] : []));
    const pids = pidsOf();
    const resume = await system().stack.hold("client-bank");
    for (const pid of pids) expect(() => process.kill(pid, 0)).to.throw();
    await resume();
    expect(pidsOf().filter((pid) => pids.includes(pid))).to.deep.equal([]);
    expect((await system().pay({ requestId: "afterwards" })).id).to.match(/^pay_/);
  });

  it("pays each payment once while one of two is killed again and again", async () => {
    const before = (await system().progress()).all;
    const accepted = new Set<string>();
    for (let round = 0; round < 4; round += 1) {
      const paying = Array.from({ length: 20 }, (_, n) => system().pay({ requestId: `${round}-${n}`, ...AT_ONCE }));
      for (const name of ["card-validation", "client-bank", "merchant-bank", "notification"] as const) {
        system().killService(name);
      }
      for (const { id } of await Promise.all(paying)) accepted.add(id);
      await eventually("all run again", async () =>
        (await Promise.all(system().stack.services().map(isAlive))).every(Boolean),
      );
    }
    await untilAllFinal(system(), before + accepted.size);
    expect(accepted.size).to.equal(80);
    expect(await system().discrepancies()).to.deep.equal([]);
  });

  it("lets a watch over HTTP go on at the other gateway from where one that was killed left it", async () => {
    const { stack } = system();
    const goOn = await stack.hold("merchant-bank");
    const { id } = await system().pay({ requestId: "goes-on", ...AT_ONCE });
    const path = `/v1/payments/${id}:watch`;
    const authorization = `Bearer ${await stack.tokenOf("m-0001")}`;
    const watchAt = async (gateway: number, lastEventId?: string) => {
      const response = await fetchDocumented(`http://127.0.0.1:${stack.gateways[gateway]?.httpPort}${path}`, {
        headers: { authorization, ...(lastEventId !== undefined && { "last-event-id": lastEventId }) },
      });
      return collect({ events: eventsOf(path, response) });
    };
    const first = await watchAt(0);
    const captured = await eventually("the watch gets the capture", () =>
      first.told.find(({ data }) => data.payment.captureTime !== undefined),
    );
    system().killService("gateway");
    expect(await first.ended.catch((error: Error) => error)).to.be.instanceOf(Error);
    const next = await watchAt(1, captured.id);
    await goOn();
    await next.ended;
    expect(next.told.map((event) => Number(event.id)).filter((each) => each <= Number(captured.id))).to.deep.equal([]);
    expect(next.told.at(-1)?.data.payment.state).to.equal("PAYMENT_STATE_SUCCEEDED");
    await eventually("all run again", async () => (await Promise.all(stack.services().map(isAlive))).every(Boolean));
  });
});

/** The states that a watch has told so far; `ended` gives all of them once it is over. */
function watch(stream: ReturnType<PaymentServiceClient["watchPayment"]>) {
  const states: PaymentState[] = [];
  const ended = new Promise<PaymentState[]>((resolve, reject) => {
    stream.on("data", ({ payment }: WatchPaymentResponse) => states.push(payment?.state as PaymentState));
    stream.once("end", () => resolve(states)).once("error", reject);
  });
  return { states, ended };
}

/** Its port answers, and so does the process that the stack names: a process that comes back keeps its port. */
async function isAlive({ healthPort, pid }: { readonly healthPort: number; readonly pid: number }): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const response = await fetch(`http://127.0.0.1:${healthPort}/livez`).catch(() => undefined);
  return response?.status === 200;
}
