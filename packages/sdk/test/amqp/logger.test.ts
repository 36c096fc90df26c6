/** What a connection writes of itself, and what is found in an error that was caught. */
import { expect } from "chai";
import { type Connection, connect, type Logger, MessagingError, queue } from "../../dist/mod.js";
import { type Broker, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { failure } from "./scripted-peer.js";

const WORK = queue("work");
const SECRET = "4111111111111111";

describe("A logger", () => {
  let broker: Broker;
  let connection: Connection;
  let lines: string[];
  let logger: Logger;

  beforeEach(async () => {
    broker = await startBroker();
    lines = [];
    const write = (level: string) => (sentence: string) => lines.push(`${level} ${sentence}`);
    logger = { info: write("info"), warn: write("warn"), error: write("error") };
  });

  afterEach(async () => {
    await connection.close();
    await broker.close();
  });

  it("gets a line when a connection opens, is lost, opens again and closes", async () => {
    connection = await connect(broker.url, { logger, reconnect: { initialDelayMs: 1, maximumDelayMs: 5 } });
    broker.dropConnections();
    await until("it is open again", () => lines.filter((line) => line.includes("is open")).length === 2);
    await connection.close();
    expect(lines[0]).to.equal(`info The connection to ${broker.url} is open.`);
    expect(lines[1]).to.match(/^warn The connection is made again, attempt 1: /);
    expect(lines.at(-1)).to.equal("info The connection is closed.");
  });

  it("gets what ended a connection that nobody closed", async () => {
    connection = await connect(broker.url, { logger, reconnect: false });
    const over = connection.closed();
    broker.dropConnections();
    const cause = await over;
    expect(lines.at(-1)).to.equal(`error The connection has ended: ${cause?.message}`);
  });

  it("gets failures that no listener takes, without the content of messages", async () => {
    connection = await connect(broker.url, { logger });
    await using producer = await connection.createProducer(WORK);
    await producer.send({ text: SECRET });
    const throwing = ({ text }: { readonly text: string | undefined }) => {
      throw new TypeError(`cannot read ${text}`);
    };
    await connection.createConsumer(WORK, { onMessage: throwing });
    await until("the failure is logged", () =>
      lines.some((line) => line.startsWith("error onMessage of the consumer of work")),
    );
    expect(lines.join("\n")).to.not.include(SECRET);
  });

  it("stops nothing when it throws, and is refused where it cannot be one", async () => {
    const throwing = () => {
      throw new Error("disk full");
    };
    connection = await connect(broker.url, { logger: { info: throwing, warn: throwing, error: throwing } });
    expect(connection.state.name).to.equal("open");
    const wrong = connect(broker.url, { logger: { info: throwing } as unknown as Logger });
    expect((await failure(wrong)).code).to.equal("invalid-argument");
  });
});

describe("MessagingError.from", () => {
  const error = new MessagingError("address-full", "No room.", { destination: "work", mayHaveArrived: true });

  it("finds the error itself, or the nearest of its causes", () => {
    expect(MessagingError.from(error)).to.equal(error);
    expect(MessagingError.from(new Error("above", { cause: new Error("higher", { cause: error }) }))).to.equal(error);
  });

  it("finds one of another copy of the package", () => {
    const other = Object.assign(new Error("No room."), {
      code: "address-full",
      destination: "work",
      mayHaveArrived: true,
    });
    other.name = "MessagingError";
    const found = MessagingError.from(other);
    expect(found).to.be.instanceOf(MessagingError);
    expect(found).to.include({ code: "address-full", retryable: true, destination: "work", mayHaveArrived: true });
    expect(found?.cause).to.equal(other);
  });

  it("finds nothing in anything else", () => {
    const round: { cause?: unknown } = {};
    round.cause = round;
    for (const thrown of [undefined, null, "text", new Error("x"), { name: "MessagingError", code: "closed" }, round]) {
      expect(MessagingError.from(thrown)).to.equal(undefined);
    }
  });
});
