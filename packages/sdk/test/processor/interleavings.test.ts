/** Properties that hold for every interleaving of settlements and lost connections, with cases drawn at random. */
import { expect } from "chai";
import fc from "fast-check";
import { connect, type Message, MessagingError, type Outcome } from "../../dist/mod.js";
import { DEAD, IN, idsOf, OUT, type Payment, payments, StepFixture } from "./step-fixture.js";
import { until } from "./until.js";

const RUNS = { numRuns: 25, endOnFailure: true };

const settlement = fc.constantFrom("accept", "release", "fail", "reject", "leave", "disconnect", "pause");
const behaviour = fc.constantFrom("send", "empty", "dead", "transient", "permanent", "poison", "cut", "late cut");

describe("Whatever the order in which a consumer settles and loses its connection", function () {
  this.timeout(120_000);

  it("nothing is acknowledged that it did not accept, and nothing is lost or doubled", () =>
    fc.assert(
      fc.asyncProperty(fc.array(settlement, { minLength: 1, maxLength: 60 }), async (settlements) => {
        await using step = await StepFixture.start({ maximumDeliveries: 1_000 });
        const all = payments(20).map(({ id }) => id);
        await step.send(...payments(20));
        const accepted = new Set<string>();
        const rejected = new Set<string>();
        {
          await using connection = await connect(step.broker.url, {
            reconnect: { initialDelayMs: 1, maximumDelayMs: 5 },
          });
          await using consumer = await connection.createConsumer(IN, { creditWindow: 7 });
          for (const choice of settlements) {
            const message = await consumer.receive({ timeoutMs: 50 });
            if (message !== undefined) {
              settle(message, choice, { accepted, rejected });
            }
            if (choice === "disconnect") {
              step.broker.dropConnections();
            }
            if (choice === "pause") {
              await new Promise((resolve) => setImmediate(resolve));
            }
          }
        }
        const left = idsOf(await step.take("in"));
        const dead = idsOf(await step.take("DLQ"));
        const found = [...left, ...dead];
        expect(new Set(found).size, "each is found once").to.equal(found.length);
        const gone = all.filter((id) => !found.includes(id));
        expect(
          gone.filter((id) => !accepted.has(id)),
          "gone without having been accepted",
        ).to.deep.equal([]);
        expect(
          dead.filter((id) => !rejected.has(id)),
          "dead without having been rejected",
        ).to.deep.equal([]);
      }),
      RUNS,
    ));
});

describe("Whatever a processor's handler does, and whenever the connection breaks", function () {
  this.timeout(120_000);

  it("each input leaves an outcome that the handler decided on, or a dead letter", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(behaviour, { maxLength: 40 }),
        fc.record({
          maximumSize: fc.integer({ min: 1, max: 8 }),
          concurrency: fc.integer({ min: 1, max: 3 }),
          orderedByGroup: fc.boolean(),
        }),
        fc.constantFrom(undefined, { afterFailures: 2, halfOpenAfterMs: 5, probeSize: 2 }),
        async (behaviours, batch, breaker) => {
          await using step = await StepFixture.start({ maximumDeliveries: 1_000 });
          await step.send(...payments(25));
          const emptied = new Set<string>();
          let call = 0;
          await step.open({
            batch,
            maximumDeliveries: 3,
            classify: (error) => (error instanceof MessagingError ? "transient" : classOf(error)),
            ...(breaker !== undefined && { breaker }),
            async handle(incoming) {
              const choice = behaviours[call] ?? "send";
              call += 1;
              if (choice === "cut") {
                step.broker.dropConnections();
              } else if (choice === "late cut") {
                setImmediate(() => step.broker.dropConnections());
              } else if (choice === "transient") {
                throw new MessagingError("timed-out", "The database is away.");
              } else if (choice === "permanent" || choice === "poison") {
                throw new Error(choice);
              }
              return incoming.map(({ body }) => outcomeOf(choice, body, emptied));
            },
          });
          await until("every input is settled", async () => (await step.count("in")) === 0, 20_000);
          const left = new Set([...idsOf(await step.take(OUT.address)), ...idsOf(await step.take(DEAD.address))]);
          const lost = payments(25).filter(({ id }) => !left.has(id) && !emptied.has(id));
          expect(lost, "inputs that left nothing").to.deep.equal([]);
        },
      ),
      RUNS,
    ));
});

function settle(
  message: Message,
  choice: string,
  { accepted, rejected }: { readonly accepted: Set<string>; readonly rejected: Set<string> },
): void {
  const [id = ""] = idsOf([message]);
  if (choice === "accept") {
    accepted.add(id);
    message.accept();
  } else if (choice === "reject") {
    rejected.add(id);
    message.reject("drawn");
  } else if (choice === "release" || choice === "fail") {
    message.release({ failed: choice === "fail" });
  }
}

function outcomeOf(choice: string, body: Payment, emptied: Set<string>): Outcome {
  if (choice === "empty") {
    emptied.add(body.id);
    return {};
  }
  return choice === "dead" ? { deadLetter: "drawn" } : { send: [{ message: { json: body } }] };
}

function classOf(error: unknown): "permanent" | "poison" {
  return error instanceof Error && error.message === "poison" ? "poison" : "permanent";
}
