import type { Fate, LoadReport } from "./run-load.js";

/** Less than an object for each message, or a connection for each line that broke. */
const MAXIMUM_GROWTH_MEBIBYTES = 2;

/** One thing that must hold after a soak. */
export interface Check {
  readonly what: string;
  readonly holds: boolean;
}

export function judge(report: LoadReport, endedByItself: boolean): Check[] {
  const { faults, heap, moves, steps, deadLetters, reads, requests, amiss } = report;
  const broken = Object.values(faults).reduce((sum, times) => sum + times, 0);
  return [
    { what: `lines broke in every way, ${broken} times`, holds: Object.values(faults).every((times) => times > 0) },
    { what: `of ${moves.sent} moved messages ${told(moves)}`, holds: isExact(moves) },
    {
      what: `${moves.committed} transactions were committed, ${moves.rolledBack} rolled back, ${moves.cutOff} cut off, ${moves.inDoubt} in doubt`,
      holds: moves.committed > 0 && moves.rolledBack > 0 && moves.cutOff + moves.inDoubt > 0,
    },
    { what: `of ${steps.sent} messages of a processor ${told(steps)}`, holds: isExact(steps) },
    {
      what: `of the bad ones among them ${deadLetters.lost} are no dead letters, and ${deadLetters.unwanted} good ones are`,
      holds: deadLetters.lost === 0 && deadLetters.unwanted === 0,
    },
    { what: `of ${reads.sent} read messages ${reads.lost} were lost`, holds: reads.sent > 0 && reads.lost === 0 },
    {
      what: `${requests.answered} of ${requests.answered + requests.unanswered} requests were answered`,
      holds: requests.answered > requests.unanswered,
    },
    {
      what: `nothing else was amiss, and what came again was told (${steps.again + reads.again})`,
      holds: amiss.length === 0,
    },
    {
      what: `memory is flat: ${heap.earlyMebibytes} MiB early, ${heap.lateMebibytes} MiB late`,
      holds: heap.samples > 0 && heap.lateMebibytes - heap.earlyMebibytes < MAXIMUM_GROWTH_MEBIBYTES,
    },
    { what: "the process ended by itself once all was closed", holds: endedByItself },
  ];
}

function told({ lost, doubled }: Fate): string {
  return `${lost} were lost, ${doubled} doubled`;
}

function isExact({ sent, lost, doubled }: Fate): boolean {
  return sent > 0 && lost === 0 && doubled === 0;
}
