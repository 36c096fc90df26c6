/** The broker's disk fills up: at 95 % Artemis lets nobody send, and with nothing left it ends itself. */
import { type Fault, pause } from "./fault.js";

/** Artemis looks at its disk every five seconds. */
const SEEN_AFTER_MS = 5_000;
const FULL_MS = { minimum: 1_000, maximum: 4_000 };
const BLOCKS_AT_PERCENT = 95;

export const fillDisk: Fault = {
  name: "the broker's disk is full",
  run: async ({ system, random, did }) => {
    const { disk } = system;
    if (disk === undefined) return;
    const percent = random.pick([BLOCKS_AT_PERCENT, 100]);
    try {
      await disk.fill(percent);
      did({ target: "broker", point: percent === 100 ? "no room on its disk" : "its disk nearly full" });
      await pause(SEEN_AFTER_MS + random.between(FULL_MS.minimum, FULL_MS.maximum));
    } finally {
      await disk.free();
    }
  },
};
