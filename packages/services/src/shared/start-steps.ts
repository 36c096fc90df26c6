/** How a service works its steps of the payment cycle: by their rows in the table of the system, all in the same way. */
import type { Connection, ErrorClass, Incoming, Outcome, Processor, StandardSchemaV1 } from "@quittance/sdk";
import { STEP_BREAKER } from "../platform/circuit-breakers.js";
import { classifyFailure } from "../platform/classify-failure.js";
import type { Logger } from "../platform/log.js";
import { type RowOf, type ServiceName, type StepRow, SYSTEM } from "../topology/system-table.js";
import { believing } from "./believe.js";
import type { Envelopes } from "./envelope.js";
import { logStepEvent } from "./log-step-event.js";
import { MESSAGE_KINDS } from "./message-kinds.js";
import { MESSAGE_SCHEMAS, type MessageBody, type StepMessageKind } from "./message-schemas.js";
import { deadLetterDestination, destinationOf, subscriptionOf } from "./queue-map.js";

type Handle<Body> = (batch: readonly Incoming<Body>[]) => Promise<readonly Outcome[]>;

/** The steps of a service that a processor works, as they are in the table. */
type ProcessedStep<Name extends ServiceName> = Extract<
  RowOf<Name>["steps"][number],
  { readonly step: string; readonly processor: object }
>;
type KindReadBy<Step extends { readonly reads: readonly unknown[] }> = Extract<Step["reads"][number], StepMessageKind>;

/** What each step of a service does with a batch of its messages. The table says which steps there are, and what they read. */
export type StepHandlers<Name extends ServiceName> = {
  readonly [Step in ProcessedStep<Name> as Step["step"]]: Handle<MessageBody<KindReadBy<Step>>>;
};

export interface StepsOptions {
  readonly connection: Connection;
  readonly envelopes: Envelopes;
  readonly log: Logger;
  /** What kind of failure an error of a handler is [classifyFailure]. */
  readonly classify?: (error: unknown) => ErrorClass;
}

/** The steps of a service at work. */
export interface StartedSteps {
  /** By the names of their processors. */
  readonly steps: Readonly<Record<string, Processor>>;
  /** Finishes what is held, within `timeoutMs`, and takes no more. */
  drain(options: { readonly timeoutMs: number }): Promise<void>;
}

/** Starts a processor for each step of `service` that has one. */
export async function startSteps<Name extends ServiceName>(
  service: Name,
  handlers: NoInfer<StepHandlers<Name>>,
  options: StepsOptions,
): Promise<StartedSteps> {
  const steps: Record<string, Processor> = {};
  for (const row of SYSTEM[service].steps) {
    if (row.processor === undefined || row.step === undefined) continue;
    const handle = (handlers as Readonly<Record<string, Handle<unknown>>>)[row.step];
    if (handle === undefined) throw new Error(`${service} has nothing that works step ${row.step}.`);
    steps[row.processor.name] = await startStep(service, row as NumberedStep, handle, options);
  }
  return {
    steps,
    async drain(drain) {
      await Promise.all(Object.values(steps).map((step) => step.drain(drain)));
    },
  };
}

type NumberedStep = StepRow & Required<Pick<StepRow, "step" | "processor">>;

/** One step: where it reads, where its outcome goes and how failures are met follow from what it reads and writes. */
function startStep(
  service: ServiceName,
  { step, reads, writes, processor }: NumberedStep,
  handle: Handle<unknown>,
  { connection, envelopes, log, classify = classifyFailure }: StepsOptions,
): Promise<Processor> {
  const [kind] = reads as readonly StepMessageKind[];
  const from = kind && MESSAGE_KINDS[kind].channel;
  if (kind === undefined || from === undefined) throw new Error(`Step ${step} reads no channel.`);
  const [outcome] = writes;
  const to = outcome && MESSAGE_KINDS[outcome].channel;
  const { batch, concurrency = 1 } = processor;
  return connection.process({
    name: processor.name,
    from: destinationOf(from),
    ...(from.kind === "topic" && { subscription: subscriptionOf(from, service) }),
    ...(to && { to: destinationOf(to), toOptions: { priority: to.priority } }),
    schema: MESSAGE_SCHEMAS[kind] as StandardSchemaV1,
    deadLetter: deadLetterDestination(from),
    batch: { maximumSize: batch, concurrency },
    classify,
    breaker: STEP_BREAKER,
    // A seal is bound to its whole message, and is judged where it is opened.
    handle: MESSAGE_KINDS[kind].proof === "seal" ? handle : believing(envelopes, kind, handle),
    onEvent: (event) => logStepEvent(event, step, log),
  });
}
