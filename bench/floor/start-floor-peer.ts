/** The other side of what loopback is measured with, in a process of its own. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { MethodDefinition } from "@grpc/grpc-js";

/** A call that carries bytes as they are. */
export const UNARY: MethodDefinition<Buffer, Buffer> = {
  path: "/quittance.bench.Floor/Call",
  requestStream: false,
  responseStream: false,
  requestSerialize: (bytes) => bytes,
  requestDeserialize: (bytes) => bytes,
  responseSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
};

export interface FloorPeer {
  readonly echoPort: number;
  readonly grpcPort: number;
  stop(): void;
}

export async function startFloorPeer(): Promise<FloorPeer> {
  const child = fork(fileURLToPath(new URL("./floor-peer-process.js", import.meta.url)), { execArgv: [] });
  const [ports] = (await once(child, "message")) as [Pick<FloorPeer, "echoPort" | "grpcPort">];
  return { ...ports, stop: () => child.disconnect() };
}
