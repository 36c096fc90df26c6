/**
 * A copy of the services' sources with a folder and a row more, compiled: what a developer has who adds a service. The
 * copy uses what this checkout has installed.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const SIXTH = fileURLToPath(new URL("../../test/topology/sixth-service/", import.meta.url));
const TABLE = "topology/system-table.ts";
/** Where the table's rows end. */
const END_OF_ROWS = "} as const satisfies Record<string, ServiceRow>;";

/** Such a copy. */
export interface SixthServiceSystem {
  /** The path of a compiled file of the copy. */
  path(module: string): string;
  /** Imports a compiled file of the copy; `Module` is what the same file of this checkout exports. */
  load<Module>(module: string): Promise<Module>;
  remove(): Promise<void>;
}

/** Makes the copy. @throws Error with what the compiler said. */
export async function systemWithASixthService(): Promise<SixthServiceSystem> {
  const top = await mkdtemp(join(tmpdir(), "quittance-sixth-"));
  const services = join(top, "packages/services");
  const remove = () => rm(top, { recursive: true, force: true });
  try {
    await mkdir(services, { recursive: true });
    for (const path of ["node_modules", "packages/sdk", "packages/services/node_modules"]) {
      await symlink(join(ROOT, path), join(top, path), "dir");
    }
    for (const path of ["tsconfig.base.json", "package.json", "packages/services/package.json"]) {
      await cp(join(ROOT, path), join(top, path));
    }
    await cp(join(ROOT, "packages/services/src"), join(services, "src"), { recursive: true });
    // All that adding a service takes: its folder, and its row.
    await cp(join(SIXTH, "receipt-archive"), join(services, "src/receipt-archive"), { recursive: true });
    const table = await readFile(join(services, "src", TABLE), "utf8");
    if (table.split(END_OF_ROWS).length !== 2) throw new Error(`${TABLE} has no end of its rows any more.`);
    const row = await readFile(join(SIXTH, "row.txt"), "utf8");
    await writeFile(join(services, "src", TABLE), table.replace(END_OF_ROWS, `${row}${END_OF_ROWS}`));
    await compile(services);
  } catch (error) {
    await remove();
    throw error;
  }
  const path = (module: string) => join(services, "dist", module);
  return {
    path,
    load: async <Module>(module: string) => (await import(pathToFileURL(path(module)).href)) as Module,
    remove,
  };
}

async function compile(services: string): Promise<void> {
  const options = { rootDir: "src", outDir: "dist", composite: false, declaration: false, declarationMap: false };
  const configuration = { extends: "../../tsconfig.base.json", compilerOptions: options, include: ["src"] };
  await writeFile(join(services, "tsconfig.json"), JSON.stringify(configuration));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "--project", services]).catch((error: { stdout?: string }) => {
    throw new Error(`The copy with a sixth service does not compile:\n${error.stdout}`);
  });
}
