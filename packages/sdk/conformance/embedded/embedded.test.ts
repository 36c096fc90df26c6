import { startEmbeddedBroker } from "../harness/embedded-broker.js";
import { runCases } from "../suite/run-cases.js";

runCases("embedded", "the embedded broker", startEmbeddedBroker);
