/** Every fault, in the order in which rounds of rising seeds have them. */
import { SERVICES } from "../../../dist/topology/system-table.js";
import type { System } from "../system.js";
import { abandonLines, cutLines, freezeLines, slowLines } from "./bad-lines.js";
import { breakMigration } from "./broken-migration.js";
import { cancelCalls } from "./cancelled-calls.js";
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
import { failOver, failOverAndKill } from "./fail-over.js";
import type { Fault } from "./fault.js";
import { fillBroker } from "./full-broker.js";
import { fillDisk } from "./full-disk.js";
import { deadlock, exhaustConnections, lockHotRows, lockTables, terminateSessions } from "./hostile-database.js";
import { killAll, killBroker, killDatabase, killService, killSeveral } from "./random-kills.js";
import { barredRole, changedPassword, missingTable, readOnlyDatabase, revokedRight } from "./refusing-database.js";
import { stopProcesses } from "./stopped-processes.js";
import { staleMessages, strangeMessages } from "./strange-messages.js";

/** Those of rounds with a pair of brokers, between which the services choose: no proxy stands on their lines to it. */
const PAIR_FAULTS: readonly Fault[] = [
  failOver,
  failOverAndKill((system, random) => {
    const service = random.pick(SERVICES);
    return system.kill(service) ? service : undefined;
  }),
  killDatabase,
  failOver,
  cancelCalls,
  stopProcesses,
];

/** Every fault that a system with such a broker can have, in the order of seeds. */
export function faultsOf(broker: System["broker"]): readonly Fault[] {
  return broker === "artemis-pair" ? PAIR_FAULTS : FAULTS;
}

const FAULTS: readonly Fault[] = [
  killService,
  readOnlyDatabase,
  barredRole,
  killBroker,
  killDatabase,
  killSeveral,
  killAll,
  killAfterCommit,
  changedPassword,
  killAfterSend,
  fillDisk,
  killAfterConfirmation,
  killDatabaseAfterCommit,
  killBrokerAfterSend,
  cutAfterCommit,
  killWhileItStops,
  killWhileItStarts,
  cutLines,
  abandonLines,
  cancelCalls,
  revokedRight,
  missingTable,
  terminateSessions,
  exhaustConnections,
  strangeMessages,
  staleMessages,
  breakMigration,
  fillBroker,
  cutAfterSend,
  cutAfterConfirmation,
  freezeLines,
  slowLines,
  lockTables,
  lockHotRows,
  deadlock,
  stopProcesses,
];
