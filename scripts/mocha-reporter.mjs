/** Mocha's own list of tests, which also tells scripts/test.mjs what passed and failed, and that all have run. */
import Mocha from "mocha";

const { Spec } = Mocha.reporters;

export default class ReportingSpec extends Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const failures = this.failures.map((test) => ({ title: test.fullTitle(), story: test.err?.stack ?? "" }));
      process.send?.({ passed: this.stats.passes, failed: this.stats.failures, failures });
    });
  }
}
