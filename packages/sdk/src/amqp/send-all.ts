/** The end of a call that sends several messages: one promise, whose error names each that failed. */
import { MessagingError } from "../errors.js";

export class SendAll {
  readonly done: Promise<void>;
  readonly #count: number;
  readonly #resolve: () => void;
  readonly #reject: (error: MessagingError) => void;
  #open: number;
  #failures: Map<number, MessagingError> | undefined;

  /** @param count of messages, at least 1 */
  constructor(count: number) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.done = promise;
    this.#count = count;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#open = count;
  }

  /** The message at this place is confirmed, or has failed. */
  ended(place: number, error: MessagingError | undefined): void {
    if (error !== undefined) {
      this.#failures ??= new Map();
      this.#failures.set(place, error);
    }
    if (--this.#open > 0) return;
    if (this.#failures === undefined) this.#resolve();
    else this.#reject(this.#failure(this.#failures));
  }

  #failure(failures: ReadonlyMap<number, MessagingError>): MessagingError {
    const [first] = failures.values() as unknown as [MessagingError];
    const sentence =
      this.#count === 1
        ? first.message
        : `${failures.size} of ${this.#count} messages are not confirmed. The first that failed: ${first.message}`;
    const { destination, condition } = first;
    return new MessagingError(first.code, sentence, {
      failures,
      mayHaveArrived: [...failures.values()].some(({ mayHaveArrived }) => mayHaveArrived),
      cause: first,
      ...(destination !== undefined && { destination }),
      ...(condition !== undefined && { condition }),
    });
  }
}
