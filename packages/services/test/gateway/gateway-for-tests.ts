/**
 * The gateway on a real broker, in this process, with the client's bank played: what the tests of the doors start.
 * The whole system is tested elsewhere.
 */
import { randomBytes } from "node:crypto";
import { type Connection, connect } from "@quittance/sdk";
import { type Broker, type BrokerOptions, startBroker } from "@quittance/sdk/testing";
import { gatewayConfiguration } from "../../dist/gateway/configuration.js";
import { startGateway } from "../../dist/gateway/start-gateway.js";
import { createDevelopmentKeys, mintToken } from "../../dist/operator/development-token.js";
import { commonConfiguration, parseConfiguration } from "../../dist/platform/configuration.js";
import { openTls } from "../../dist/platform/tls.js";
import { BROKER_USERS, type BrokerUserName } from "../../dist/shared/queue-map.js";
import { embeddedBrokerOptions } from "../../dist/stack/embedded-broker-options.js";
import { type CapturedLog, captureLog } from "../support/captured-log.js";
import { ringText } from "../support/key-rings.js";
import { messageKeysText } from "../support/message-keys.js";
import { ApiClient } from "./api-client.js";
import { PlayedBank } from "./played-bank.js";

const ISSUER = "quittance-tests";
const AUDIENCE = "quittance";
export const MERCHANT = "m-1";

export interface GatewayForTests {
  /** The broker; another one on the same port after `restartBroker`. */
  readonly broker: () => Broker;
  readonly connection: Connection;
  readonly bank: PlayedBank;
  readonly sealingKey: Uint8Array;
  readonly log: CapturedLog;
  readonly grpcAddress: string;
  readonly httpUrl: string;
  /** Calls as {@link MERCHANT}. */
  readonly api: ApiClient;
  /** Calls as another merchant, or with other claims. */
  apiAs(claims: Partial<Parameters<typeof mintToken>[1]>): Promise<ApiClient>;
  /** The broker goes away; its messages are lost. */
  stopBroker(): Promise<void>;
  /** A new broker on the port of the one before. */
  restartBroker(): Promise<void>;
  /** The service's own drain. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts all of it on free ports; `environment` changes settings of the gateway, `limits` those of the broker. */
export async function startGatewayForTests(
  environment: NodeJS.ProcessEnv = {},
  limits: BrokerLimits = {},
): Promise<GatewayForTests> {
  const passwords = Object.fromEntries(BROKER_USERS.map((name) => [name, `${name}-password`])) as Passwords;
  const brokerOptions = { ...embeddedBrokerOptions(passwords), ...limits };
  let broker = await startBroker(brokerOptions);
  const { port } = broker;
  const urlOf = (user: BrokerUserName) => `amqp://${user}:${passwords[user]}@127.0.0.1:${port}`;
  const soon = { reconnect: { initialDelayMs: 20, maximumDelayMs: 50 } };
  const connection = await connect(urlOf("gateway"), soon);
  const bankConnection = await connect(urlOf("client-bank"), soon);
  // card-validation is who may read `payment`.
  const cardConnection = await connect(urlOf("card-validation"), soon);
  const bank = await PlayedBank.open(bankConnection, cardConnection);

  const keys = await createDevelopmentKeys();
  const sealingKey = randomBytes(32);
  const log = captureLog();
  const configuration = parseConfiguration(
    { ...gatewayConfiguration, ...commonConfiguration },
    {
      BROKER_URL: urlOf("gateway"),
      GRPC_PORT: "0",
      HTTP_PORT: "0",
      PAYMENT_ID_KEYS: ringText(randomBytes(32)),
      CARD_SEALING_KEYS: ringText(sealingKey),
      MESSAGE_KEYS: messageKeysText("gateway"),
      AUTH_JWKS: keys.jwks,
      AUTH_ISSUER: ISSUER,
      AUTH_AUDIENCE: AUDIENCE,
      // A machine that is busy with other tests must not look like a bank that is away.
      STATE_READ_TIMEOUT_SECONDS: "5",
      ...environment,
    },
  );
  const closeBroker = async () => {
    await Promise.all([connection.close(), bankConnection.close(), cardConnection.close()]);
    await broker.close();
  };
  const open = async () => {
    const tls = openTls({ settings: configuration, log: log.log, lookEveryMs: 10 });
    return startGateway({ configuration, connection, log: log.log, tls });
  };
  const service = await open().catch(async (error: unknown) => {
    // A gateway that refuses to start is what some tests are about.
    await closeBroker();
    throw error;
  });
  const grpcAddress = `127.0.0.1:${service.ports?.grpc}`;
  const httpUrl = `http://127.0.0.1:${service.ports?.http}`;
  const clients: ApiClient[] = [];
  const apiAs: GatewayForTests["apiAs"] = async (claims) => {
    const token = await mintToken(keys, { merchantId: MERCHANT, issuer: ISSUER, audience: AUDIENCE, ...claims });
    const client = new ApiClient({ grpcAddress, httpUrl, token });
    clients.push(client);
    return client;
  };
  let drained: Promise<void> | undefined;
  const drain = () => (drained ??= service.drain({ timeoutMs: 5_000 }));
  return {
    broker: () => broker,
    connection,
    bank,
    sealingKey: new Uint8Array(sealingKey),
    log,
    grpcAddress,
    httpUrl,
    api: await apiAs({}),
    apiAs,
    stopBroker: () => broker.close(),
    async restartBroker() {
      broker = await startBroker({ ...brokerOptions, port });
    },
    drain,
    async stop() {
      for (const client of clients) client.close();
      await drain();
      await closeBroker();
    },
  };
}

type BrokerLimits = Pick<BrokerOptions, "maximumMessagesPerAddress" | "maximumMessageSize">;
type Passwords = Record<BrokerUserName, string>;

/** Gives the suite that calls it a gateway of its own. */
export function useGateway(environment: NodeJS.ProcessEnv = {}, limits: BrokerLimits = {}): () => GatewayForTests {
  let gateway: GatewayForTests | undefined;
  before(async () => {
    gateway = await startGatewayForTests(environment, limits);
  });
  afterEach(() => gateway?.bank.forget());
  after(() => gateway?.stop());
  return () => {
    if (gateway === undefined) throw new Error("The gateway exists only inside hooks and tests.");
    return gateway;
  };
}
