/** `npm start`: options.ts says what it does and takes. */
import { enableCompileCache } from "node:module";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { LauncherPlace, Voice } from "./launcher.js";
import { HELP, OptionsError, parseOptions, type StackOptions } from "./options.js";
import { watchReader } from "./watch-reader.js";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

function placeOf(): LauncherPlace {
  // npm runs scripts at the root wherever the user is: INIT_CWD is where that was.
  const home = process.env.INIT_CWD ?? process.cwd();
  return {
    folder: resolve(root, process.env.QUITTANCE_FOLDER ?? ".quittance"),
    resolved: (path) => resolve(home, path),
    shown: (path) => {
      const short = relative(home, path);
      return short.startsWith("..") ? path : short;
    },
  };
}

function voiceOf(options: StackOptions): Voice {
  const say = (text: string) => void process.stdout.write(`${text}\n`);
  return {
    say,
    tell: options.quiet ? () => undefined : say,
    complain: (text) => void process.stderr.write(`${text}\n`),
    unheard: watchReader(process.stdout),
  };
}

// A terminal or pipe that is gone must not end the launcher before it has stopped everything: see watch-reader.ts.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(HELP);
  else {
    // Compiled code is kept between starts, for the launcher and for every process that it starts.
    process.env.NODE_COMPILE_CACHE ??= join(root, "node_modules/.cache/quittance/compiled");
    enableCompileCache(process.env.NODE_COMPILE_CACHE);
    const { runLauncher } = await import("./launcher.js");
    process.exitCode = await runLauncher(options, placeOf(), voiceOf(options));
  }
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n${error instanceof OptionsError ? "See npm start -- --help.\n" : ""}`);
  process.exitCode = error instanceof OptionsError ? 2 : 1;
}
