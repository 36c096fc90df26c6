import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { z } from "zod";
import { operatorConfiguration } from "../../dist/operator/cli/operator-configuration.js";
import { consoleConfiguration } from "../../dist/operator/console/console-configuration.js";
import { commonConfiguration } from "../../dist/platform/configuration.js";
import { SERVICE_CONFIGURATIONS } from "../support/service-configurations.js";

const PAGES = ["configuration.md", "command-line.md", "console.md"]
  .map((page) => readFileSync(new URL(`../../../../docs/operating/${page}`, import.meta.url), "utf8"))
  .map((text) => `\n${text}`)
  .join("");

/** Each heading of those pages with the schema whose variables the table below it tells. */
const TABLES: Readonly<Record<string, z.ZodRawShape>> = {
  "## Every service": commonConfiguration,
  ...Object.fromEntries(Object.entries(SERVICE_CONFIGURATIONS).map(([service, shape]) => [`## ${service}`, shape])),
  "# The operator's command line": operatorConfiguration,
  "## Configuration": consoleConfiguration,
};

/** The rows of the table of variables below a heading: name and default. */
function rowsBelow(heading: string): Map<string, string> {
  const [, section = ""] = PAGES.split(`\n${heading}\n`);
  const [body = ""] = section.split(/\n##+ /);
  const [, table = ""] = body.split("| variable | meaning | default |\n|---|---|---|\n");
  const rows = table.split("\n\n")[0]?.trim().split("\n") ?? [];
  return new Map(
    rows.map((row) => {
      const cells = row.split(" | ");
      return [cells[0]?.replace(/^\| `|`$/g, "") ?? "", cells.at(-1)?.replace(/ \|$/, "") ?? ""];
    }),
  );
}

describe("The tables of variables in docs/operating", () => {
  for (const [heading, shape] of Object.entries(TABLES)) {
    const where = heading.replace(/^#+ /, "");

    it(`name exactly what ${where} reads`, () => {
      expect([...rowsBelow(heading).keys()]).to.deep.equal(Object.keys(shape));
    });

    it(`tell the defaults of ${where}`, () => {
      for (const [name, schema] of Object.entries(shape)) {
        const parsed = (schema as z.ZodType).safeParse(undefined);
        const told = rowsBelow(heading).get(name);
        if (!parsed.success) expect(told, name).to.equal("required");
        else if (parsed.data instanceof Map || parsed.data instanceof Set)
          expect([told, parsed.data.size], name).to.deep.equal(["none", 0]);
        else if (parsed.data !== undefined) expect(told, name).to.equal(`\`${String(parsed.data)}\``);
        else expect(told, name).not.to.equal("required");
      }
    });
  }
});
