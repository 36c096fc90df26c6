/** The gRPC door: the services of the API, health and reflection on one port. */
import { Server } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { PaymentServiceService } from "../gen/quittance/payments/v1/payments.js";
import { brokerProblem } from "../platform/broker-problem.js";
import type { Logger } from "../platform/log.js";
import { PAYMENT_SERVICE } from "./api-descriptor.js";
import type { Door, DoorSecurity } from "./door.js";
import type { Gateway } from "./gateway.js";
import type { OpenCalls } from "./grpc-calls.js";
import { GrpcConnections } from "./grpc-connections.js";
import { addReflection } from "./grpc-reflection.js";
import { paymentService } from "./grpc-service.js";
import { addManagedServices, MANAGED_SERVICES } from "./managed-grpc.js";
import { damagedIsMalformed, withStrictRequests } from "./strict-requests.js";

/** The largest request; the largest valid PayRequest is far below. Answers may be larger: a page has 1,000 payments. */
const MAXIMUM_REQUEST_BYTES = 65_536;
const OPTIONS = {
  "grpc.max_receive_message_length": MAXIMUM_REQUEST_BYTES,
  /** Calls at once on one connection; a client queues further ones. */
  "grpc.max_concurrent_streams": 2_000,
  /** A client that vanished silently is noticed within 80 s. */
  "grpc.keepalive_time_ms": 60_000,
  "grpc.keepalive_timeout_ms": 20_000,
  /** A connection without calls gives its place to others; clients connect again by themselves. */
  "grpc.max_connection_idle_ms": 600_000,
};
/** What is left to be written when the last call has ended gets so long. */
const FLUSH_MS = 100;
const POLL_MS = 10;

const HEALTH_LOOK_MS = 1_000;

/** Listens until drained. Health is SERVING while the broker can be reached and takes messages. */
export async function serveGrpc(options: {
  readonly gateway: Gateway;
  readonly host: string;
  readonly port: number;
  /** Connections at once. */
  readonly maximumConnections: number;
  readonly secure: DoorSecurity;
  readonly log: Logger;
}): Promise<Door> {
  const { gateway, log } = options;
  const open: OpenCalls = { count: 0 };
  const connections = new GrpcConnections();
  const server = new Server({ ...OPTIONS, interceptors: [damagedIsMalformed, connections.interceptor] });
  const parts = { gateway, log, open, connections };
  server.addService(withStrictRequests(PaymentServiceService), paymentService(parts));
  addManagedServices(server, parts);
  const health = new HealthImplementation();
  health.addToServer(server);
  addReflection(server);

  const { connection } = gateway;
  const look = () => tellHealth(brokerProblem(connection) === undefined);
  look();
  const forget = connection.onState(look);
  // A broker that takes nothing changes no state.
  const looking = setInterval(look, HEALTH_LOOK_MS);
  const port = await connections.listen(server, {
    host: options.host,
    port: options.port,
    maximum: options.maximumConnections,
    secure: options.secure,
    onRefused: () => gateway.countRefusedConnection("grpc"),
  });
  return { port, drain };

  function tellHealth(serving: boolean): void {
    for (const name of ["", PAYMENT_SERVICE, ...MANAGED_SERVICES])
      health.setStatus(name, serving ? "SERVING" : "NOT_SERVING");
  }

  /** Takes no more calls and lets those under way end. Health watches and reflection have no end: they are cut. */
  async function drain(drainOptions: { readonly timeoutMs: number }): Promise<void> {
    forget();
    clearInterval(looking);
    tellHealth(false);
    const untilMs = Date.now() + drainOptions.timeoutMs;
    let closed = false;
    connections.close();
    server.tryShutdown(() => {
      closed = true;
    });
    while (open.count > 0 && Date.now() < untilMs) await pause(POLL_MS);
    for (let waited = 0; !closed && waited < FLUSH_MS; waited += POLL_MS) await pause(POLL_MS);
    server.forceShutdown();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
