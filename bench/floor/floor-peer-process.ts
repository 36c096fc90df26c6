/** Sends back what comes, by TCP and by gRPC, until its parent goes. */
import { type AddressInfo, createServer } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { UNARY } from "./start-floor-peer.js";

const echo = createServer((socket) => socket.setNoDelay(true).pipe(socket));
await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
const server = new Server();
server.addService(
  { call: UNARY },
  { call: (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) => done(null, call.request) },
);
const grpcPort = await new Promise<number>((resolve, reject) => {
  const credentials = ServerCredentials.createInsecure();
  server.bindAsync("127.0.0.1:0", credentials, (error, port) => (error ? reject(error) : resolve(port)));
});
process.on("disconnect", () => process.exit(0));
process.send?.({ echoPort: (echo.address() as AddressInfo).port, grpcPort });
