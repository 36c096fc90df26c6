/** The process that the load runs in. It tells its parent the report, and must then end by itself. */
import type { SoakOptions } from "./options.js";
import { runLoad } from "./run-load.js";

const [options, brokerUrl] = process.argv.slice(2) as [string, string];
process.send?.(await runLoad(JSON.parse(options) as SoakOptions, brokerUrl));
