/** What nobody can go below on a machine: the parts that every payment is made of, each alone and one after the other. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { connect as connectBroker, queue } from "@quittance/sdk";
import { startGuardian } from "@quittance/services/dist/stack/guardian.js";
import { startPostgres } from "@quittance/services/dist/stack/postgres.js";
import pg from "pg";
import { ADDRESSES, startBenchBroker } from "../sdk/bench-broker.js";
import { startFloorPeer, UNARY } from "./start-floor-peer.js";

const HELP = `npm run bench -- floor [options]
  --broker embedded|artemis   [embedded]
  --times <n>                 of each part, after half as many that warm up [1000]
`;
/** As large as a payment's message. */
const MESSAGE = "m".repeat(1_024);
const BLOCK = Buffer.alloc(4_096, 1);

interface Floor {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of this process: the other side's is not in it. */
  readonly cpuMicroseconds: number;
}

/** Measures each part; the result has them by name. */
export async function benchFloor(args: readonly string[]): Promise<object> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      broker: { type: "string", default: "embedded" },
      times: { type: "string", default: "1000" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return {};
  }
  const times = Number(values.times);
  const floors = {
    ...(await ofLoopback(times)),
    "a block of 4 KiB written and synced": await ofDisk(times),
    ...(await ofPostgres(times)),
    [`a durable send, confirmed by ${values.broker}`]: await ofBroker(values.broker, times),
  };
  for (const [name, { p50Ms, p99Ms, cpuMicroseconds }] of Object.entries(floors)) {
    process.stdout.write(`${name.padEnd(48)} p50 ${p50Ms} ms, p99 ${p99Ms} ms, ${cpuMicroseconds} µs of CPU\n`);
  }
  return { broker: values.broker, times, floors };
}

/** A byte to another process and back, and a unary call of grpc-js. */
async function ofLoopback(times: number): Promise<Record<string, Floor>> {
  const peer = await startFloorPeer();
  const socket = connect(peer.echoPort, "127.0.0.1").setNoDelay(true);
  const Client = makeGenericClientConstructor({ call: UNARY }, "Floor");
  const client = new Client(`127.0.0.1:${peer.grpcPort}`, credentials.createInsecure());
  const call = client.call as unknown as (request: Buffer, done: (error: Error | null) => void) => void;
  const request = Buffer.from(MESSAGE);
  try {
    return {
      "a round trip on loopback": await floorOf(times, () => echo(socket)),
      "a unary call of grpc-js": await floorOf(
        times,
        () =>
          new Promise<void>((resolve, reject) =>
            call.call(client, request, (error) => (error ? reject(error) : resolve())),
          ),
      ),
    };
  } finally {
    socket.destroy();
    client.close();
    peer.stop();
  }
}

function echo(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("data", () => resolve());
    socket.write("x");
  });
}

async function ofDisk(times: number): Promise<Floor> {
  const folder = await mkdtemp(join(tmpdir(), "quittance-floor-"));
  const file = await open(join(folder, "block"), "w");
  try {
    return await floorOf(times, async () => {
      await file.write(BLOCK, 0, BLOCK.length, 0);
      await file.datasync();
    });
  } finally {
    await file.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function ofPostgres(times: number): Promise<Record<string, Floor>> {
  const guardian = startGuardian();
  const server = await startPostgres({ guardian });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    await client.query("CREATE TABLE floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text)");
    const insert = { name: "insert-floor", text: "INSERT INTO floor (text) VALUES ($1)", values: [MESSAGE] };
    return {
      "an empty transaction, in two round trips": await floorOf(times, async () => {
        await client.query("BEGIN");
        await client.query("COMMIT");
      }),
      "a transaction of one statement, in one": await floorOf(times, () => client.query(insert)),
    };
  } finally {
    await client.end();
    await server.stop();
    await guardian.close();
  }
}

async function ofBroker(kind: string, times: number): Promise<Floor> {
  await using broker = await startBenchBroker(kind);
  await using connection = await connectBroker(`amqp://127.0.0.1:${broker.port}`);
  const producer = await connection.createProducer(queue(ADDRESSES.to));
  return await floorOf(times, () => producer.send({ text: MESSAGE }));
}

async function floorOf(times: number, work: () => Promise<unknown>): Promise<Floor> {
  for (let warm = 0; warm < times / 2; warm += 1) await work();
  const took = new Float64Array(times);
  const cpu = process.cpuUsage();
  for (let done = 0; done < times; done += 1) {
    const began = performance.now();
    await work();
    took[done] = performance.now() - began;
  }
  const { user, system } = process.cpuUsage(cpu);
  took.sort();
  return {
    p50Ms: milliseconds(took, 0.5),
    p99Ms: milliseconds(took, 0.99),
    cpuMicroseconds: Math.round((user + system) / times),
  };
}

/** To a hundredth: some of these take less than a tenth of a millisecond. */
function milliseconds(sorted: Float64Array, part: number): number {
  return Math.round((sorted[Math.floor((sorted.length - 1) * part)] ?? 0) * 100) / 100;
}
