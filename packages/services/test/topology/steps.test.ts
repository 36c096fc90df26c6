import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { ALL_MESSAGE_KINDS, MESSAGE_KINDS } from "../../dist/shared/message-kinds.js";
import { ALL_CHANNELS } from "../../dist/shared/queue-map.js";
import { SERVICES, SYSTEM } from "../../dist/topology/system-table.js";

const SOURCES = fileURLToPath(new URL("../../src/", import.meta.url));
const CYCLE = readFileSync(new URL("../../../../docs/payment-cycle.md", import.meta.url), "utf8");

/** Every step that has a number, with the file that is named after it. */
const STEPS = SERVICES.flatMap((service) =>
  SYSTEM[service].steps.flatMap(({ step, name }) =>
    step === undefined ? [] : [{ service, step, file: `step-${step.toLowerCase()}-${name}.ts` }],
  ),
);

function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
}

describe("The steps of the table", () => {
  for (const { service, step, file } of STEPS) {
    it(`have ${service}/${file} for step ${step}, which begins with its number`, () => {
      const path = `${SOURCES}${SYSTEM[service].program}/${file}`;
      expect(existsSync(path), path).to.equal(true);
      expect(readFileSync(path, "utf8")).to.match(new RegExp(`^/\\*\\*( |\n \\* )Step ${step}: `));
    });
  }

  it("are all the files that bear a number", () => {
    const named = SERVICES.flatMap((service) =>
      sourcesOf(SOURCES + SYSTEM[service].program)
        .filter((path) => /(^|\/)step-/.test(path))
        .map((path) => `${service}/${path}`),
    );
    expect(named).to.have.members(STEPS.map(({ service, file }) => `${service}/${file}`));
  });

  it("are those that docs/payment-cycle.md tells, by the services that it names", () => {
    const told = [...CYCLE.matchAll(/^### Step (\w+): [^(\n]*\(([^)]*)\)$/gm)].map(([, step, services]) => [
      step,
      services?.split(", ").sort(),
    ]);
    const numbers = [...new Set(STEPS.map(({ step }) => step))];
    const tabled = numbers.map((number) => [
      number,
      STEPS.filter(({ step }) => step === number)
        .map(({ service }) => service)
        .sort(),
    ]);
    expect(told).to.have.deep.members(tabled);
  });

  it("are worked by processors that start-steps.ts alone makes", () => {
    const makers = sourcesOf(SOURCES).filter((path) =>
      readFileSync(SOURCES + path, "utf8").includes("connection.process("),
    );
    expect(makers).to.deep.equal(["shared/start-steps.ts"]);
  });

  it("have processors of different names, each with one kind to read, of a channel that keeps its messages", () => {
    const processed = SERVICES.flatMap((service) => SYSTEM[service].steps.filter(({ processor }) => processor));
    const names = processed.map(({ processor }) => processor?.name);
    expect(names).to.deep.equal([...new Set(names)]);
    for (const { name, reads } of processed) {
      expect(reads, name).to.have.length(1);
      for (const kind of reads) expect(MESSAGE_KINDS[kind].channel?.deliveryMode, name).to.equal("persistent");
    }
  });

  it("read every channel's subscription once: a service has one of a topic at most, and a queue one reader", () => {
    for (const { address, kind, readers, subscriptions } of ALL_CHANNELS) {
      const names = subscriptions.map(({ name }) => name);
      expect(names, address).to.deep.equal([...new Set(names)]);
      if (kind === "queue") expect(readers, address).to.have.length(1);
    }
    const all = ALL_CHANNELS.flatMap(({ subscriptions }) => subscriptions.map(({ name }) => name));
    // Artemis names a subscription's queue by its name alone, whatever the topic.
    expect(all).to.deep.equal([...new Set(all)]);
  });

  it("leave no kind of message without a writer and a reader that are different services", () => {
    for (const kind of ALL_MESSAGE_KINDS) {
      const { writer, readers } = MESSAGE_KINDS[kind];
      expect(readers, kind).to.have.length.above(0);
      expect(readers, kind).not.to.include(writer);
    }
  });
});
