/** How much a browser loads. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect } from "chai";

const APP = fileURLToPath(new URL("../dist/app", import.meta.url));
const MAXIMUM_BYTES = 200_000;

describe("The console's app", () => {
  it("is smaller than 200 kB, with its type, when it is compressed", async () => {
    const entries = await readdir(APP, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    let total = 0;
    for (const file of files) {
      const bytes = gzipSync(await readFile(file)).length;
      total += bytes;
      console.log(`  ${file.slice(APP.length + 1)}: ${(bytes / 1_000).toFixed(1)} kB`);
    }
    console.log(`  in all: ${(total / 1_000).toFixed(1)} kB`);
    expect(files.length).to.be.at.least(3);
    expect(total).to.be.below(MAXIMUM_BYTES);
  });
});
