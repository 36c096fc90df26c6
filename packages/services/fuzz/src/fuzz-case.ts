/** A request that is nearly right: a valid one, and the changes that were made to it, which can be taken back. */

import { type Random, randomOf } from "../../chaos/dist/random.js";

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
  /** Sends it with the mutations that `keep` accepts. @throws when there was no answer at all. */
  send(keep: (mutation: number) => boolean): Promise<Answer>;
  /** The request as text. */
  show(keep: (mutation: number) => boolean): string;
}

/** What a door makes cases of. */
export interface DoorCases<Draft> {
  readonly door: DoorName;
  /** Valid requests, each as often as it is to be drawn. */
  readonly operations: readonly ((requestId: string) => Draft)[];
  drawMutation(random: Random): Mutation<Draft>;
  send(draft: Draft): Promise<Answer>;
  show(draft: Draft): string;
}

const MUTATIONS = { minimum: 1, maximum: 4 };

/** The case at `place` of a seed: the same each time. A draft is made for each use, and changed by the mutations kept. */
export function drawCase<Draft>(cases: DoorCases<Draft>, seed: number, place: number): FuzzCase {
  const { door } = cases;
  const random = randomOf(`${seed}/${door}/${place}`);
  const operation = random.pick(cases.operations);
  const requestId = `fuzz-${seed.toString(36)}-${door.charAt(0)}${place.toString(36)}`;
  const count = random.between(MUTATIONS.minimum, MUTATIONS.maximum);
  const mutations = Array.from({ length: count }, () => cases.drawMutation(random));
  const draftOf = (keep: (mutation: number) => boolean) => mutate(operation(requestId), mutations, keep);
  return {
    door,
    place,
    mutations: mutations.map(({ name }) => name),
    send: (keep) => cases.send(draftOf(keep)),
    show: (keep) => cases.show(draftOf(keep)),
  };
}

/** Applies the mutations that are kept, in their order. */
function mutate<Draft>(
  draft: Draft,
  mutations: readonly Mutation<Draft>[],
  keep: (mutation: number) => boolean,
): Draft {
  mutations.forEach((mutation, place) => {
    if (keep(place)) mutation.apply(draft);
  });
  return draft;
}
