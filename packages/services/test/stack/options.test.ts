import { createServer } from "node:net";
import { expect } from "chai";
import { requireFreePort } from "../../dist/stack/free-ports.js";
import { HELP, OptionsError, parseOptions } from "../../dist/stack/options.js";

describe("The options of npm start", () => {
  it("default to everything embedded on the documented ports", () => {
    expect(parseOptions([])).to.deep.equal({
      broker: "embedded",
      brokerUsers: undefined,
      database: "embedded",
      grpcPort: 50_051,
      httpPort: 8_080,
      consolePort: 8_082,
      instances: {},
      tls: false,
      observe: false,
      once: false,
      quiet: false,
    });
  });

  it("take a broker and a database of the user's own", () => {
    const options = parseOptions(["--broker", "amqp://me:secret@example.test:5672", "--database=postgres://db.test/x"]);
    if (options === "help") throw new Error("It printed the help.");
    expect(String(options.broker)).to.equal("amqp://me:secret@example.test:5672");
    expect(String(options.database)).to.equal("postgres://db.test/x");
  });

  it("take TLS for servers of the stack's own, and for no others, whose URLs say what they have", () => {
    expect(parseOptions(["--tls", "--broker", "artemis"])).to.have.property("tls", true);
    for (const server of ["--broker=amqps://broker.test", "--database=postgres://db.test/x"]) {
      expect(() => parseOptions(["--tls", server]), server).to.throw(OptionsError, "TLS_CA_FILE");
    }
  });

  it("give the console a free port where HTTP has one, unless they name another", () => {
    expect(parseOptions(["--http-port", "0"])).to.have.property("consolePort", 0);
    expect(parseOptions(["--http-port", "0", "--console-port", "9001"])).to.have.property("consolePort", 9_001);
  });

  it("take how many processes of a service run, in one list or several", () => {
    const options = parseOptions(["--instances", "client-bank=2,gateway=3", "--instances=notification=8"]);
    expect(options).to.have.property("instances").that.deep.equals({ "client-bank": 2, gateway: 3, notification: 8 });
  });

  it("name each option in the help", () => {
    expect(parseOptions(["--once", "--help"])).to.equal("help");
    for (const option of [
      "--broker",
      "--broker-users",
      "--database",
      "--grpc-port",
      "--http-port",
      "--console-port",
      "--instances",
      "--tls",
      "--once",
      "--quiet",
      "--help",
    ]) {
      expect(HELP).to.contain(option);
    }
  });

  const refused: [string, string[], string][] = [
    ["users of a broker that makes them itself", ["--broker-users", "users.json"], "--broker-users"],
    [
      "users beside a user",
      ["--broker", "amqp://me:x@example.test", "--broker-users", "users.json"],
      "leave the user out of the URL",
    ],
    ["an unknown option", ["--ports", "1"], "--ports"],
    ["a word without an option", ["artemis"], "artemis"],
    ["an option without its value", ["--broker"], "--broker"],
    ["a broker that is none", ["--broker", "rabbit"], "rabbit"],
    ["a broker of another protocol", ["--broker", "http://example.test"], "--broker"],
    ["a database that is none", ["--database", "mysql://example.test"], "--database"],
    ["a port that is no number", ["--grpc-port", "http"], "--grpc-port"],
    ["a port beyond the last", ["--http-port", "65536"], "--http-port"],
    ["a negative port", ["--http-port=-1"], "--http-port"],
    ["instances of no service", ["--instances", "bank=2"], "gateway, card-validation"],
    ["no instances", ["--instances", "gateway=0"], "gateway=0"],
    ["too many instances", ["--instances", "gateway=9"], "1 to 8"],
    ["instances without a number", ["--instances", "gateway"], '"gateway"'],
    ["instances that are named twice", ["--instances", "gateway=1,gateway=2"], "gateway twice"],
    ["an empty list of instances", ["--instances", ""], '""'],
    ["one port for both doors", ["--grpc-port", "9000", "--http-port", "9000"], "9000"],
    ["one port for a door and the console", ["--http-port", "9000", "--console-port", "9000"], "--console-port"],
  ];
  for (const [what, args, named] of refused) {
    it(`are refused with a sentence for ${what}`, () => {
      expect(() => parseOptions(args)).to.throw(OptionsError, named);
    });
  }

  it("never show the password of a mistyped URL", () => {
    expect(() => parseOptions(["--broker", "amqq://me:secret@example.test"]))
      .to.throw(OptionsError)
      .with.property("message")
      .that.does.not.contain("secret");
  });

  it("are named by the error when their port is taken", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    try {
      const failure = await requireFreePort("--grpc-port", port).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(OptionsError);
      expect((failure as Error).message)
        .to.contain(`Port ${port} is taken`)
        .and.to.contain("--grpc-port");
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
