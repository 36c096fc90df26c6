import { startArtemisBroker } from "../harness/artemis-broker.js";
import { runCases } from "../suite/run-cases.js";

runCases("artemis", "ActiveMQ Artemis 2.44.0", startArtemisBroker);
