/** Every fault, in turn, so that as many rounds as there are faults have each of them once. */
import { abandonLines, cutLines, freezeLines, slowLines } from "./bad-lines.js";
import {
  cutAfterCommit,
  cutAfterConfirmation,
  cutAfterSend,
  killAfterCommit,
  killAfterConfirmation,
  killAfterSend,
  killBrokerAfterSend,
  killDatabaseAfterCommit,
  killWhileItStarts,
  killWhileItStops,
} from "./chosen-points.js";
import type { Fault } from "./fault.js";
import { killAll, killBroker, killDatabase, killService, killSeveral } from "./random-kills.js";

export const FAULTS: readonly Fault[] = [
  killService,
  killBroker,
  killDatabase,
  killSeveral,
  killAll,
  killAfterCommit,
  killAfterSend,
  killAfterConfirmation,
  killDatabaseAfterCommit,
  killBrokerAfterSend,
  cutAfterCommit,
  cutAfterSend,
  cutAfterConfirmation,
  killWhileItStops,
  killWhileItStarts,
  cutLines,
  freezeLines,
  abandonLines,
  slowLines,
];
