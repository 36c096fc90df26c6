/** The embedded broker in a process of its own, so that its work is not counted as a client's. Ends with its parent. */
import { startBroker } from "@quittance/sdk/testing";
import { ADDRESSES } from "./bench-broker.js";

const broker = await startBroker({
  addresses: Object.values(ADDRESSES).map((address) => ({ address, kind: "queue" })),
});
process.once("disconnect", () => void broker.close());
process.send?.(broker.port);
