/** A system with TLS on every hop: nothing is served in plain text, and a certificate is worth its holder's rights. */
import { type ConnectOptions, connect, queue } from "@quittance/sdk";
import { expect } from "chai";
import pg from "pg";
import { PaymentState } from "../../dist/gen/quittance/payments/v1/payments.js";
import type { StackCertificates } from "../../dist/stack/stack-certificates.js";
import { SERVICES } from "../../dist/topology/system-table.js";
import { untilAllFinal, useStack } from "../support/stack-for-tests.js";

describe("a system with TLS", () => {
  const system = useStack({ tls: true });

  const certificates = () => system().certificates as StackCertificates;

  it("takes payments at both doors", async () => {
    expect((await system().pay({ requestId: "over-tls" })).state).to.equal(PaymentState.SUCCEEDED);
    expect((await system().http("/v1/payments")).status).to.equal(200);
    await untilAllFinal(system(), 1);
    expect(await system().discrepancies()).to.deep.equal([]);
  });

  it("has services that log in by their certificates, and have no password", () => {
    for (const service of SERVICES) {
      const url = new URL(system().brokerUrlOf(service));
      expect([url.protocol, url.username, url.password], service).to.deep.equal(["amqps:", "", ""]);
    }
  });

  /** What becomes of a connection, and of a consumer of a queue on it. */
  async function attempt(address: string, tls: ConnectOptions["tls"]): Promise<string> {
    const url = system().brokerUrlOf("gateway");
    try {
      await using connection = await connect(url, { ...(tls && { tls }), reconnect: false });
      await using _consumer = await connection.createConsumer(queue(address));
      return "consumes";
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  }

  it("gives whoever shows a service's certificate the rights of that service, and no others", async () => {
    const as = (holder: "card-validation" | "merchant-bank") => ({
      ca: certificates().ca,
      ...certificates().textOf(holder),
    });
    expect(await attempt("payment", as("card-validation"))).to.equal("consumes");
    expect(await attempt("bank-result", as("card-validation"))).to.equal("not-authorized");
    expect(await attempt("payment", as("merchant-bank"))).to.equal("not-authorized");
  });

  it("lets nobody into the broker without a certificate or password, or with a certificate that is no user's", async () => {
    const { ca } = certificates();
    const refused = ["authentication-failed", "connection-failed"];
    expect(await attempt("payment", { ca })).to.be.oneOf(refused);
    expect(await attempt("payment", { ca, ...certificates().textOf("database") })).to.be.oneOf(refused);
  });

  it("serves nothing in plain text", async () => {
    const { stack } = system();
    const healthPorts = stack.services().map(({ healthPort }) => healthPort);
    for (const port of [stack.httpPort, stack.grpcPort, ...healthPorts]) {
      const answer = await fetch(`http://127.0.0.1:${port}/livez`).then(
        ({ status }) => status,
        () => "none",
      );
      expect(answer, String(port)).to.equal("none");
    }
    const database = new URL(stack.databaseUrl);
    database.search = "";
    const client = new pg.Client({ connectionString: database.href, ssl: false });
    client.on("error", () => undefined);
    const problem = await client.connect().then(
      () => "connected",
      (error: Error) => error.message,
    );
    expect(problem).to.match(/no encryption|no pg_hba.conf entry/);
    const plain = system().brokerUrlOf("gateway").replace("amqps:", "amqp:");
    const outcome = await connect(plain, { reconnect: false, connectTimeoutMs: 2_000 }).catch((error) => error.code);
    expect(outcome).to.equal("connection-failed");
  });
});
