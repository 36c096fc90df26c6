/** A request that is nearly right: a valid one, and the changes that were made to it, which can be taken back. */

export type DoorName = "http" | "grpc";

/** One change. */
export interface Mutation<Draft> {
  /** For people. */
  readonly name: string;
  /** Changes the draft in place; it must do so in the same way each time. */
  apply(draft: Draft): void;
}

/** What a door answered, in the form in which it is judged. */
export interface Answer {
  /** A status of HTTP, or a code of gRPC. */
  readonly status: number;
  /** Of ErrorInfo or of the problem details; undefined when there is none. */
  readonly reason: string | undefined;
  /** What is wrong with its form; undefined when nothing is. */
  readonly malformed: string | undefined;
  /** Everything that came, headers too, in which no secret may be. */
  readonly text: string;
  readonly elapsedMs: number;
}

/** A case that can be sent, whole or with fewer of its changes. */
export interface FuzzCase {
  readonly door: DoorName;
  /** Its place among the requests of its seed, from 1. */
  readonly place: number;
  readonly mutations: readonly string[];
  /** Sends it with those mutations of which `keep` says so. @throws when there was no answer at all. */
  send(keep: (mutation: number) => boolean): Promise<Answer>;
  /** The request as text. */
  show(keep: (mutation: number) => boolean): string;
}

/** Applies the mutations that are kept, in their order. */
export function mutate<Draft>(
  draft: Draft,
  mutations: readonly Mutation<Draft>[],
  keep: (mutation: number) => boolean,
): Draft {
  mutations.forEach((mutation, place) => {
    if (keep(place)) mutation.apply(draft);
  });
  return draft;
}
