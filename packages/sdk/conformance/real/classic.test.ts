import { startClassicBroker } from "../harness/classic-broker.js";
import { runCases } from "../suite/run-cases.js";

runCases("classic", "ActiveMQ Classic 6.1.7", startClassicBroker);
