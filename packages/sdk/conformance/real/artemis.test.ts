import { startArtemisBroker } from "../harness/artemis-broker.js";
import { runCases } from "../suite/run-cases.js";

runCases("artemis", "Apache Artemis 2.56.0", startArtemisBroker);
