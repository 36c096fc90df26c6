/** An Artemis of a stack, as a process that the guardian ends should the launcher not. */
import { type ArtemisOptions, startArtemis } from "./artemis.js";
import { BROKER_GUARDIAN_ORDER } from "./embedded-broker.js";
import type { Guardian } from "./guardian.js";
import type { ProcessExit } from "./node-process.js";
import type { StackCertificates } from "./stack-certificates.js";
import type { Supervisable, SupervisorEvent } from "./supervisor.js";

/** What its process is started for. */
export interface ArtemisSurroundings {
  readonly guardian: Guardian;
  readonly signal: AbortSignal;
  readonly onOutput: (chunk: Buffer, stream: "stdout" | "stderr") => void;
  /** Called with each slow step. */
  readonly onProgress: (sentence: string) => void;
}

/** What a supervised one, or two, are started for. */
export interface ArtemisSupervision extends ArtemisSurroundings {
  /** Where its folder is made, which is removed in the end [the system's for temporary files]. */
  readonly brokerFolder?: string | undefined;
  /** Of a stack with TLS [plain text]. */
  readonly certificates?: StackCertificates | undefined;
  readonly onEvent: (event: SupervisorEvent) => void;
  /** Longest pause before it is started again, in milliseconds [10,000]. */
  readonly maximumDelayMs?: number | undefined;
}

export interface GuardedArtemis extends Supervisable {
  readonly port: number;
  /** Whether it serves: one of a pair may wait. */
  isActive(): boolean;
  /** Whether it is ready to serve as soon as the other of its pair ends. */
  isWaiting(): boolean;
}

export async function startGuardedArtemis(
  stack: ArtemisSurroundings,
  options: Pick<ArtemisOptions, "directory" | "passwords" | "certificates" | "port" | "pair">,
): Promise<GuardedArtemis> {
  let exited: Promise<ProcessExit> | undefined;
  const artemis = await startArtemis({
    ...options,
    signal: stack.signal,
    onProgress: stack.onProgress,
    onSpawn: (child) => {
      exited = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
      for (const stream of ["stdout", "stderr"] as const) {
        child[stream]?.on("data", (chunk: Buffer) => stack.onOutput(chunk, stream));
      }
      // Without a process id it did not start, which startArtemis tells.
      if (child.pid === undefined) return;
      const guarding = { signal: "SIGTERM", graceMs: 8_000, order: BROKER_GUARDIAN_ORDER } as const;
      void exited.then(stack.guardian.process(child.pid, guarding));
    },
  });
  if (exited === undefined) throw new Error("Artemis runs without having been started.");
  const { port, isActive } = artemis;
  const { process: child } = artemis;
  const isWaiting = () => child.exitCode === null && child.signalCode === null && !isActive();
  return { pid: child.pid as number, port, isActive, isWaiting, exited, stop: () => artemis.stop() };
}
