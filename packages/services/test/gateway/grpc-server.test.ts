import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type Client, type ClientDuplexStream, credentials, loadPackageDefinition, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { expect } from "chai";
import { protoPath as healthProto } from "grpc-health-check";
import { eventually } from "../support/eventually.js";
import { failureOf, payBody, payRequest } from "./api-client.js";
import { startGatewayForTests, useGateway } from "./gateway-for-tests.js";

const HEALTH_PACKAGE = "grpc.health.v1";
const PAYMENT_SERVICE = "quittance.payments.v1.PaymentService";

/** A client made from a proto file, as strangers make theirs. */
function clientOf(proto: string, service: string, address: string): Client {
  const definition = loadPackageDefinition(loadSync(proto, { enums: String }));
  let place: unknown = definition;
  for (const name of service.split(".")) place = (place as Record<string, unknown>)[name];
  const Constructor = place as new (address: string, given: ReturnType<typeof credentials.createInsecure>) => Client;
  return new Constructor(address, credentials.createInsecure());
}

/** Asks reflection several things over one stream, one after the other. */
async function reflect<T>(version: "v1" | "v1alpha", address: string, work: (ask: Ask) => Promise<T>): Promise<T> {
  const packageFolder = dirname(createRequire(import.meta.url).resolve("@grpc/reflection/package.json"));
  const proto = join(packageFolder, "build/proto/grpc/reflection", version, "reflection.proto");
  const client = clientOf(proto, `grpc.reflection.${version}.ServerReflection`, address);
  const stream = (
    client as Client & { serverReflectionInfo(): ClientDuplexStream<object, Reflected> }
  ).serverReflectionInfo();
  const answers: ((answer: Reflected) => void)[] = [];
  stream.on("data", (answer: Reflected) => answers.shift()?.(answer));
  try {
    return await work((question) => {
      stream.write(question);
      return new Promise((resolve) => answers.push(resolve));
    });
  } finally {
    stream.end();
    client.close();
  }
}

/** Each file behind those that it imports. */
function importsFirst(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const sorted = new Set<FileDescriptorProto>();
  const add = (file: FileDescriptorProto | undefined) => {
    if (file === undefined || sorted.has(file)) return;
    for (const name of file.dependency) add(files.get(name));
    sorted.add(file);
  };
  for (const file of files.values()) add(file);
  return [...sorted];
}

type Ask = (question: object) => Promise<Reflected>;
interface Reflected {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Uint8Array[] };
}

describe("the gRPC door", () => {
  const gateway = useGateway();

  for (const version of ["v1", "v1alpha"] as const) {
    it(`tells by reflection ${version} of a service that a strict client can use`, async () => {
      const files = new Map<string, FileDescriptorProto>();
      await reflect(version, gateway().grpcAddress, async (ask) => {
        const list = await ask({ listServices: "" });
        expect(list.listServicesResponse?.service.map((service) => service.name)).to.include.members([
          PAYMENT_SERVICE,
          "grpc.health.v1.Health",
        ]);
        const take = (answer: Reflected) => {
          for (const bytes of answer.fileDescriptorResponse?.fileDescriptorProto ?? []) {
            const file = fromBinary(FileDescriptorProtoSchema, bytes);
            files.set(file.name, file);
          }
        };
        take(await ask({ fileContainingSymbol: PAYMENT_SERVICE }));
        take(await ask({ fileContainingSymbol: "grpc.health.v1.Health" }));
        const missing = () => [...files.values()].flatMap((file) => file.dependency).find((name) => !files.has(name));
        for (let name = missing(); name !== undefined; name = missing()) {
          take(await ask({ fileByFilename: name }));
          expect([...files.keys()]).to.include(name);
        }
      });
      // Building the registry resolves each type by the imports of its file, which come first, and throws when one is
      // not there.
      const file = importsFirst(files).filter((each) => each.package !== HEALTH_PACKAGE);
      const registry = createFileRegistry(create(FileDescriptorSetSchema, { file }));
      const service = registry.getService(PAYMENT_SERVICE);
      expect(service?.methods.map((method) => method.name)).to.deep.equal([
        "Pay",
        "GetPayment",
        "ListPayments",
        "CapturePayment",
        "CancelPayment",
        "WatchPayment",
        "RefundPayment",
        "GetRefund",
        "WatchRefund",
        "ListRefunds",
      ]);
      // Go's clients refuse a map entry of another name than protoc's.
      const health = [...files.values()].find((each) => each.package === HEALTH_PACKAGE);
      const entries = health?.messageType.flatMap((message) => message.nestedType.map((entry) => entry.name));
      expect(entries).to.deep.equal(["StatusesEntry"]);
      expect(files.get("quittance/payments/v1/payments.proto")?.dependency).to.include.members([
        "google/api/annotations.proto",
        "google/protobuf/duration.proto",
        "google/protobuf/timestamp.proto",
      ]);
    });
  }

  it("is healthy while the broker can be reached, as a whole and by service", async () => {
    const health = clientOf(healthProto, "grpc.health.v1.Health", gateway().grpcAddress);
    const check = (service: string) =>
      new Promise<string>((resolve, reject) => {
        type Check = (request: object, done: (error: Error | null, answer: { status: string }) => void) => void;
        (health as Client & { check: Check }).check({ service }, (error, answer) =>
          error ? reject(error) : resolve(String(answer.status)),
        );
      });
    expect(await check("")).to.equal("SERVING");
    expect(await check(PAYMENT_SERVICE)).to.equal("SERVING");
    await gateway().stopBroker();
    await eventually("health sees that the broker is away", async () => (await check("")) === "NOT_SERVING");
    expect(await check(PAYMENT_SERVICE)).to.equal("NOT_SERVING");
    await gateway().restartBroker();
    await eventually("health sees that the broker is back", async () => (await check("")) === "SERVING");
    health.close();
  });
});

describe("draining the gateway", () => {
  it("answers who waits, refuses what comes, and ends although a health watch is open", async function () {
    this.timeout(60_000);
    const gateway = await startGatewayForTests();
    try {
      const health = clientOf(healthProto, "grpc.health.v1.Health", gateway.grpcAddress);
      type Watch = (request: object) => NodeJS.EventEmitter;
      const watching = (health as Client & { watch: Watch }).watch({ service: "" });
      watching.on("data", () => undefined).on("error", () => undefined);
      const waiting = gateway.api.pay(payRequest("waits", { wait: { seconds: 30n, nanos: 0 } }));
      const taken = await gateway.bank.take();
      const waitingByHttp = gateway.api.http("/v1/payments", { body: payBody("waits-too", { wait: "30s" }) });
      await gateway.bank.take();
      const stream = gateway.api.watch(taken.body.paymentId);
      const streamEnded = new Promise<number>((resolve) =>
        stream.once("error", (error) => resolve((error as { code?: number }).code ?? -1)),
      );
      await new Promise((resolve) => stream.once("data", resolve));

      const startMs = performance.now();
      await gateway.drain();
      expect(performance.now() - startMs).to.be.below(15_000);
      expect((await waiting).id).to.equal(taken.body.paymentId);
      expect((await waitingByHttp).status).to.equal(202);
      expect(await streamEnded).to.equal(status.UNAVAILABLE);
      expect((await failureOf(gateway.api.list())).code).to.equal(status.UNAVAILABLE);
      health.close();
    } finally {
      await gateway.stop();
    }
  });
});
