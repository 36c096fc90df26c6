/** The gateway's process. */
import { runService } from "../platform/run-service.js";
import { gatewayConfiguration } from "./configuration.js";
import { startGateway } from "./start-gateway.js";

await runService({ name: "gateway", configuration: gatewayConfiguration, start: startGateway });
