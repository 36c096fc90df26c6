/** Who a client says that it is, and how a broker and it prove it to each other. */
import { once } from "node:events";
import { type AddressInfo, connect as connectTo, createServer } from "node:net";
import { expect } from "chai";
import rhea from "rhea";
import { ScramClient, ScramError, ScramServer } from "../../dist/amqp/scram.js";
import { type Connection, type Credentials, connect, MessagingError, queue } from "../../dist/mod.js";
import { type Broker, type BrokerOptions, startBroker } from "../../dist/testing/mod.js";
import { until } from "../processor/until.js";
import { failure } from "./scripted-peer.js";

const WORK = queue("work");
/** Beyond ASCII, and with what SCRAM escapes in names. */
const USER = { name: "zoë=1,2", password: "pâss wörd 🔑", send: ["*"], consume: ["*"] };

describe("SCRAM", () => {
  it("says what RFC 7677, 3, shows", async () => {
    const client = new ScramClient("sha256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO");
    expect(client.first().toString()).to.equal("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    const challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    expect((await client.final(Buffer.from(challenge))).toString()).to.equal(
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    );
    client.verify(Buffer.from("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    expect(client.verified).to.equal(true);
  });

  it("refuses a server that proves nothing, takes another nonce, or asks for too little work or too much", async () => {
    const begin = () => new ScramClient("sha256", "user", "pencil", "nonce");
    const refused = async (challenge: string) => {
      const error = await begin()
        .final(Buffer.from(challenge))
        .catch((thrown: unknown) => thrown);
      expect(error, challenge).to.be.instanceOf(ScramError);
    };
    await refused("r=nonce,s=AAAA,i=4096");
    await refused("r=other,s=AAAA,i=4096");
    await refused("r=nonce2,s=AAAA,i=1");
    await refused("r=nonce2,s=AAAA,i=2000000000");
    await refused("r=nonce2,i=4096");
    const client = begin();
    await client.final(Buffer.from("r=nonce2,s=AAAA,i=4096"));
    for (const said of ["", "v=", `v=${Buffer.alloc(32).toString("base64")}`]) {
      expect(() => client.verify(Buffer.from(said)), said).to.throw(ScramError);
    }
  });

  it("does not let a wrong password in, nor a user that nobody knows", async () => {
    for (const [name, password] of [
      ["user", "pencil2"],
      ["nobody", "pencil"],
    ] as const) {
      const server = new ScramServer("sha512", (asked) => (asked === "user" ? "pencil" : undefined));
      const client = new ScramClient("sha512", name, password);
      const proof = await client.final(await server.first(client.first()));
      expect(server.final(proof), name).to.equal(undefined);
    }
  });
});

describe("Logging in", () => {
  let broker: Broker;
  let connection: Connection | undefined;

  afterEach(async () => {
    await connection?.close();
    connection = undefined;
    await broker.close();
  });

  const start = async (options: BrokerOptions) => {
    broker = await startBroker({ users: [USER], ...options });
  };
  const sendsAndReceives = async (open: Connection) => {
    await using producer = await open.createProducer(WORK);
    await producer.send({ text: "in" });
    await using consumer = await open.createConsumer(WORK, { acknowledge: "auto" });
    expect((await consumer.receive({ timeoutMs: 2_000 }))?.text).to.equal("in");
  };

  for (const mechanism of ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const) {
    it(`works by ${mechanism}, and a wrong password is refused as that`, async () => {
      await start({ saslMechanisms: [mechanism] });
      connection = await connect(broker.url, { username: USER.name, password: USER.password });
      await sendsAndReceives(connection);
      const refused = await failure(connect(broker.url, { username: USER.name, password: "wrong" }));
      expect(refused.code).to.equal("authentication-failed");
    });
  }

  it("takes the strongest mechanism that the broker offers, in whatever order, and none below those allowed", async () => {
    await start({ saslMechanisms: ["PLAIN", "SCRAM-SHA-256"] });
    const said: Buffer[] = [];
    const proxy = createServer((client) => {
      const line = connectTo(broker.port, "127.0.0.1");
      client.on("data", (bytes) => said.push(bytes));
      client.pipe(line).pipe(client);
      for (const end of [client, line]) end.on("error", () => {});
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const { port } = proxy.address() as AddressInfo;
    const options = { username: USER.name, password: USER.password };
    connection = await connect(`amqp://127.0.0.1:${port}`, options);
    await sendsAndReceives(connection);
    const bytes = Buffer.concat(said);
    expect(bytes.includes("SCRAM-SHA-256")).to.equal(true);
    expect(bytes.includes(USER.password)).to.equal(false);
    const refused = await failure(connect(broker.url, { ...options, saslMechanisms: ["SCRAM-SHA-512"] }));
    expect(refused.code).to.equal("authentication-failed");
    expect(refused.message).to.include("SCRAM-SHA-256");
    await connection.close();
    proxy.close();
  });

  it("is not believed of a broker that lets the client in without a proof that it knows the password", async () => {
    await start({});
    const server = new ScramServer("sha256", () => USER.password);
    const liars = [
      {
        outcome: undefined as boolean | undefined,
        start() {
          this.outcome = true;
        },
      },
      {
        outcome: undefined as boolean | undefined,
        start: (first: Buffer) => server.first(first),
        step() {
          this.outcome = true;
        },
      },
    ];
    for (const liar of liars) {
      const container = rhea.create_container();
      (container.sasl_server_mechanisms as unknown as Record<string, unknown>)["SCRAM-SHA-256"] = () => liar;
      for (const event of ["error", "disconnected"]) container.on(event, () => {});
      const listening = container.listen({ port: 0, host: "127.0.0.1" });
      await once(listening, "listening");
      const { port } = listening.address() as AddressInfo;
      const options = { username: USER.name, password: USER.password };
      const refused = await failure(connect(`amqp://127.0.0.1:${port}`, options));
      expect(refused.code).to.equal("authentication-failed");
      expect(refused.message).to.include("did not prove");
      listening.close();
    }
  });

  it("works by XOAUTH2 with a token, and one that has run out is refused as that", async () => {
    await start({ users: [{ name: "robot", token: "t-1", send: ["*"], consume: ["*"] }] });
    connection = await connect(broker.url, { credentials: { username: "robot", token: "t-1" } });
    await sendsAndReceives(connection);
    const refused = await failure(connect(broker.url, { credentials: { username: "robot", token: "t-0" } }));
    expect(refused.code).to.equal("authentication-failed");
  });

  it("asks a function for the credentials at each connect, so that what was renewed is used from the next on", async () => {
    await start({});
    const given: Credentials[] = [];
    connection = await connect(broker.url, {
      credentials: async () => {
        const credentials = { username: USER.name, password: USER.password };
        given.push(credentials);
        return credentials;
      },
      reconnect: { initialDelayMs: 1, maximumDelayMs: 5 },
    });
    expect(given).to.have.length(1);
    broker.dropConnections();
    await until("it is asked again", () => given.length > 1 && connection?.state.name === "open");
    await sendsAndReceives(connection);
  });

  it("fails to connect, and can be tried again, where the function fails, gives nothing or does not answer", async () => {
    await start({});
    const providers: readonly (() => unknown)[] = [
      () => {
        throw new Error("the vault is sealed");
      },
      () => Promise.reject(new Error("the vault is sealed")),
      () => undefined,
      () => ({ username: USER.name }),
      () => new Promise(() => {}),
    ];
    for (const credentials of providers) {
      const options = { credentials: credentials as () => Credentials, connectTimeoutMs: 50 };
      const error = await failure(connect(broker.url, options));
      expect(error, String(credentials)).to.include({ code: "connection-failed", retryable: true });
    }
    const abort = new AbortController();
    const waiting = connect(broker.url, { credentials: () => new Promise(() => {}), signal: abort.signal });
    abort.abort();
    expect((await failure(waiting)).code).to.equal("aborted");
  });

  it("is described once: credentials beside a user, or with password and token, are refused", async () => {
    await start({});
    const credentials = { username: USER.name, password: "p" };
    const wrong: readonly (readonly [string, object])[] = [
      [broker.url, { credentials, username: "u", password: "p" }],
      [broker.url.replace("amqp://", "amqp://u:p@"), { credentials }],
      [broker.url, { credentials: { username: "u" } }],
      [broker.url, { credentials: { ...credentials, token: "t" } }],
      [broker.url, { credentials: { ...credentials, user: "u" } }],
      [broker.url, { username: "u", password: "p", saslMechanisms: ["MD5"] }],
      [broker.url, { username: "u", password: "p", saslMechanisms: [] }],
    ];
    for (const [url, options] of wrong) {
      const error = await failure(connect(url, options));
      expect(error, JSON.stringify(options)).to.be.instanceOf(MessagingError);
      expect(error.code, JSON.stringify(options)).to.equal("invalid-argument");
    }
  });
});
