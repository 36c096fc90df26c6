/** The processors' circuit breaker for what is called outside of one. */
import type { BreakerOptions, BreakerState, CircuitBreaker } from "../breaker.js";
import type { Attempt } from "./attempt.js";
import { Breaker } from "./breaker.js";
import { breakerSettings } from "./processor-settings.js";

/**
 * Makes a circuit breaker like that of a processor, for calls to something else that may be away, such as another
 * party's HTTP endpoint. `end` it when it is no longer needed: an open one has a timer.
 *
 * @param changed called at each change of its state
 * @throws MessagingError `invalid-argument` naming the option
 */
export function createBreaker(
  options: BreakerOptions = {},
  changed: (state: BreakerState) => void = () => {},
): CircuitBreaker {
  const breaker = new Breaker(breakerSettings(options, "A breaker"));
  breaker.watch(changed);
  return {
    get state() {
      return breaker.state;
    },
    async run<T>(work: () => Promise<T>): Promise<T | undefined> {
      let result: T | undefined;
      const attempt = await breaker.run(async (): Promise<Attempt> => {
        try {
          result = await work();
          return { outcomes: [] };
        } catch (error) {
          return { error, errorClass: "transient" };
        }
      });
      if (attempt !== undefined && "error" in attempt) throw attempt.error;
      return result;
    },
    room: (places) => (breaker.state.name === "open" ? 0 : breaker.batchSize(places)),
    end: () => breaker.end(),
  };
}
