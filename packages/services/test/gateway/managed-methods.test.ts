import { randomBytes } from "node:crypto";
import { credentials, Client as GrpcClient, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { type Connection, connect, type Responder } from "@quittance/sdk";
import { expect } from "chai";
import { MANAGED_METHODS } from "../../dist/gateway/managed-methods.js";
import { pathOf } from "../../dist/gateway/managed-routes.js";
import {
  ClientServiceClient,
  ClientState,
  type GetClientRequest,
  type GetClientResponse,
} from "../../dist/gen/quittance/accounts/v1/clients.js";
import { answerManagement, type ManagementCall, type ManagementHandlers } from "../../dist/shared/answer-management.js";
import { ManagementError } from "../../dist/shared/management-error.js";
import { MANAGEMENT_KINDS, managementCall } from "../../dist/shared/management-messages.js";
import { CHANNELS, destinationOf } from "../../dist/shared/queue-map.js";
import { captureLog } from "../support/captured-log.js";
import { envelopesOf } from "../support/message-keys.js";
import { type ApiClient, failureOf } from "./api-client.js";
import { useGateway } from "./gateway-for-tests.js";

const OPERATOR = { merchantId: "anna", scopes: ["accounts:read", "accounts:write"] };
const METHOD = "quittance.accounts.v1.ClientService/GetClient";

type Handle = (call: ManagementCall<GetClientRequest>) => Promise<GetClientResponse>;

describe("A method that another service owns", () => {
  const gateway = useGateway({ READ_TIMEOUT_SECONDS: "1" });
  const ownerLog = captureLog();
  let connection: Connection;
  let operator: ApiClient;
  let grpc: ClientServiceClient;
  let responder: Responder | undefined;

  before(async () => {
    connection = await connect(`amqp://client-bank:client-bank-password@127.0.0.1:${gateway().broker().port}`);
    operator = await gateway().apiAs(OPERATOR);
    grpc = new ClientServiceClient(gateway().grpcAddress, credentials.createInsecure());
  });
  afterEach(() => responder?.drain());
  after(async () => {
    grpc.close();
    await connection.close();
  });

  /** Plays client-bank with a handler of GetClient, or without one. */
  async function own(handle?: Handle, envelopes = envelopesOf("client-bank")): Promise<void> {
    const handlers: ManagementHandlers = handle === undefined ? {} : { [METHOD]: handle };
    responder = await answerManagement("client-bank", handlers, {
      ...{ connection, envelopes, concurrency: 2, log: ownerLog.log },
    });
  }

  function getClient(id: string, api = operator): Promise<GetClientResponse> {
    return new Promise((resolve, reject) => {
      grpc.getClient({ id }, api.metadata(), (error, response) => (error ? reject(error) : resolve(response)));
    });
  }

  const CLIENT = { id: "c-1", name: "Ada", currencyCode: "EUR", balance: 2n ** 60n, state: ClientState.OPEN };

  it("is answered by its owner through both doors, as the one whom the token names", async () => {
    const calls: ManagementCall<GetClientRequest>[] = [];
    await own(async (call) => {
      calls.push(call);
      return { client: CLIENT };
    });
    expect((await getClient("c-1")).client).to.deep.include(CLIENT);
    const { status: code, json } = await operator.http("/v1/clients/c-1");
    expect(code).to.equal(200);
    expect(json.client).to.deep.equal({
      ...{ id: "c-1", name: "Ada", currencyCode: "EUR", balance: (2n ** 60n).toString(), state: "CLIENT_STATE_OPEN" },
    });
    expect(calls).to.deep.equal([
      { actor: "anna", request: { id: "c-1" } },
      { actor: "anna", request: { id: "c-1" } },
    ]);
    expect(ownerLog.text()).to.include(`"actor":"anna"`);
  });

  it("is refused to a token without its scope, and to a call without a token", async () => {
    let calls = 0;
    await own(async () => {
      calls++;
      return { client: CLIENT };
    });
    const failure = await failureOf(getClient("c-1", gateway().api));
    expect(failure.code).to.equal(status.PERMISSION_DENIED);
    expect(failure.info).to.deep.include({ reason: "SCOPE_MISSING", metadata: { scope: "accounts:read" } });
    expect(await gateway().api.http("/v1/clients/c-1")).to.deep.include({ status: 403 });
    expect(await operator.http("/v1/clients/c-1", { headers: { authorization: "" } })).to.deep.include({ status: 401 });
    expect(calls).to.equal(0);
  });

  it("tells what its owner does not do, with its reason, its fields and its metadata", async () => {
    await own(async () => {
      throw new ManagementError("NOT_FOUND", "CLIENT_NOT_FOUND", "There is no such client.", {
        ...{ violations: [{ field: "id", description: "is nobody's" }], metadata: { client: "c-9" } },
      });
    });
    const failure = await failureOf(getClient("c-9"));
    expect(failure).to.deep.include({ code: status.NOT_FOUND, message: "There is no such client." });
    expect(failure.info).to.deep.include({ reason: "CLIENT_NOT_FOUND", metadata: { client: "c-9" } });
    expect(failure.violations.map(({ field }) => field)).to.deep.equal(["id"]);
    const answer = await operator.http("/v1/clients/c-9");
    expect(answer.json).to.deep.include({ status: 404, reason: "CLIENT_NOT_FOUND", client: "c-9" });
  });

  it("says nothing about a failure that nobody foresaw, which its owner logs", async () => {
    await own(async () => {
      throw new Error("select secret from vault");
    });
    const failure = await failureOf(getClient("c-1"));
    expect(failure).to.deep.include({ code: status.INTERNAL });
    expect(JSON.stringify(failure)).not.to.include("vault");
    const answer = await operator.http("/v1/clients/c-1");
    expect(answer).to.deep.include({ status: 500 });
    expect(answer.text).not.to.include("vault");
    expect(ownerLog.text()).to.include("select secret from vault");
  });

  it("is UNIMPLEMENTED where its owner is of a release that does not have it", async () => {
    await own();
    expect((await failureOf(getClient("c-1"))).info?.reason).to.equal("METHOD_UNKNOWN");
    expect(await operator.http("/v1/clients/c-1")).to.deep.include({ status: 501 });
  });

  it("is UNAVAILABLE while its owner is away, within the time for reads", async () => {
    const failure = await failureOf(getClient("c-1"));
    expect(failure.code).to.equal(status.UNAVAILABLE);
    expect(failure.info?.reason).to.equal("OWNER_UNAVAILABLE");
    expect(failure.retryDelay).not.to.equal(undefined);
  });

  it("believes no answer that its owner did not sign", async () => {
    const [call, forger] = [managementCall, envelopesOf("client-bank", randomBytes(32).toString("base64"))];
    const forging = await connection.respond(destinationOf(CHANNELS.clientManagement), async (message) => {
      message.json(call);
      return forger.answer("client-management-reply", { version: 1, response: { client: { id: "c-1" } } }, message);
    });
    expect((await failureOf(getClient("c-1"))).info?.reason).to.equal("OWNER_UNAVAILABLE");
    await forging.drain();
  });

  it("is not called by one who has the gateway's password and not its keys", async () => {
    let calls = 0;
    await own(async () => {
      calls++;
      return { client: CLIENT };
    });
    const forger = envelopesOf("gateway", randomBytes(32).toString("base64"));
    const body = { version: 1, method: METHOD, actor: "anna", request: { id: "c-1" } };
    const forged = gateway().connection.request(
      destinationOf(CHANNELS.clientManagement),
      forger.message("client-management", body, {}),
      { timeoutMs: 500 },
    );
    expect(await forged.catch((error: Error) => error)).to.be.instanceOf(Error);
    expect(calls).to.equal(0);
  });

  it("takes no query parameter that its request does not have, and no other method of HTTP", async () => {
    expect((await operator.http("/v1/clients/c-1?fields=name")).json.violations).to.deep.equal([
      { field: "fields", description: "is not a query parameter: this path takes none" },
    ]);
    expect(await operator.http("/v1/clients/c-1", { method: "PUT" })).to.deep.include({ status: 405 });
  });

  it("says that its request is malformed, once the caller is known", async () => {
    const raw = new GrpcClient(gateway().grpcAddress, credentials.createInsecure());
    const call = (metadata: Metadata) =>
      new Promise<ServiceError | null>((resolve) =>
        raw.makeUnaryRequest(
          `/${METHOD}`,
          (bytes: Buffer) => bytes,
          (bytes: Buffer) => bytes,
          Buffer.from([0x0f]),
          metadata,
          (error) => resolve(error),
        ),
      );
    expect((await call(operator.metadata()))?.code).to.equal(status.INVALID_ARGUMENT);
    expect((await call(new Metadata()))?.code).to.equal(status.UNAUTHENTICATED);
    raw.close();
  });
});

describe("The methods that other services own", () => {
  it("name an owner that can be asked, and a path of their own", () => {
    const paths = MANAGED_METHODS.map(({ binding: { verb, path } }) => `${verb} ${path}`);
    expect(paths).to.include("GET /v1/clients/{id}");
    expect(paths).to.deep.equal([...new Set(paths)]);
    for (const { owner } of MANAGED_METHODS) expect(MANAGEMENT_KINDS).to.have.property(owner);
  });

  for (const [template, url] of [
    ["/v1/clients/{id}", "/v1/clients/:p0"],
    ["/v1/clients/{id}:freeze", "/v1/clients/:p0([^:]+)::freeze"],
    ["/v1/clients/{client.id}/cards/{card}", "/v1/clients/:p0/cards/:p1"],
    ["/v1/clients:import", "/v1/clients::import"],
  ] as const) {
    it(`have ${template} as ${url} in the router`, () => {
      expect(pathOf(template).url).to.equal(url);
    });
  }
});
