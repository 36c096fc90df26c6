/** Writes everything that is generated: `npm run generate [-- --name <name of a new migration>]`. */
import { parseArgs } from "node:util";
import { DERIVED_ARTEFACTS, SOURCE_ARTEFACTS } from "./artefacts.mjs";
import { build } from "./build.mjs";
import { endWithParent } from "./end-with-parent.mjs";
import { regenerate } from "./generated.mjs";

endWithParent();
const { values } = parseArgs({ options: { name: { type: "string" } } });

await write(SOURCE_ARTEFACTS);
const { ok, output } = await build(process.execPath, { announceAfterMs: 1_000 });
if (ok) await write(DERIVED_ARTEFACTS);
else {
  console.error(`${output}\nThe build failed, so nothing was written that compiled code makes.`);
  process.exitCode = 1;
}

async function write(artefacts) {
  for (const artefact of artefacts) {
    await regenerate(artefact, { migrationName: values.name });
    console.log(`${artefact.path}: ${artefact.name}`);
  }
}
