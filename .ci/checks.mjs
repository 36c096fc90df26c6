// The checks of one stage, counted as .ci/run adds them up.
let passed = 0;
let failed = 0;

/** Counts a check and prints a line for it: true passes, anything else fails and is shown. */
export function check(sentence, result) {
  if (result === true) passed += 1;
  else failed += 1;
  console.log(
    `${result === true ? "ok  " : "FAIL"} ${sentence}${result === true ? "" : `: ${JSON.stringify(result)}`}`,
  );
}

/** Prints `N passed, N failed`, and has the process end by it. */
export function endChecks() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
