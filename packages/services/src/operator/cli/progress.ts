/** Progress of long work on standard error: a bar on a terminal, now and then a line elsewhere. */
import type { Terminal } from "./command.js";

const BAR_WIDTH = 30;
/** Work that is done sooner shows nothing. */
const SILENT_MS = 500;
/** Where nothing can be written over, a line this often. */
const LINE_INTERVAL_MS = 10_000;

export interface Progress {
  /** `done` of `all` steps are behind us; `what` is done next. */
  update(done: number, all: number, what: string): void;
  /** Takes the bar away. */
  end(): void;
}

export function showProgress(terminal: Terminal, now: () => number = () => performance.now()): Progress {
  const began = now();
  let lastLine = began;
  let shown = false;
  return {
    update(done, all, what) {
      const elapsed = now() - began;
      if (elapsed < SILENT_MS) return;
      const share = all === 0 ? 1 : done / all;
      const left = share > 0.02 ? `, ${Math.ceil((elapsed / share - elapsed) / 1_000)} s left` : "";
      const text = `${Math.floor(share * 100)} %${left}: ${what}`;
      if (terminal.interactive) {
        const filled = Math.round(share * BAR_WIDTH);
        terminal.err(`\r\x1b[K[${"#".repeat(filled)}${"-".repeat(BAR_WIDTH - filled)}] ${text}`);
        shown = true;
      } else if (now() - lastLine >= LINE_INTERVAL_MS) {
        lastLine = now();
        terminal.err(`${text}\n`);
      }
    },
    end() {
      if (shown) terminal.err("\r\x1b[K");
    },
  };
}
