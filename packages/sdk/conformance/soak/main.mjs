/** `npm run soak`: dist/soak/options.js says what it does and takes. */
import { endWithParent } from "../../../../scripts/end-with-parent.mjs";
import { soak } from "../dist/soak/soak.js";

endWithParent();
process.exitCode = await soak(process.argv.slice(2));
