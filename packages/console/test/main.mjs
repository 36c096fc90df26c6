/**
 * `npm run test:console`: starts a whole stack with a console, makes payments, refunds, dead letters and webhooks, and drives
 * every page in headless Chromium, dark and light, in English and French. Ends with `N passed, N failed`.
 */
import { runMocha } from "../../../scripts/mocha-stage.mjs";

const HELP = `Drives every page of the console in headless Chromium, beside a stack of its own.

  npm run test:console [-- --screenshots] [options of mocha]

--screenshots writes the pictures of docs/images. CHROMIUM names the browser [/usr/bin/chromium].
`;

const args = process.argv.slice(2);
if (args.includes("--help")) process.stdout.write(HELP);
else {
  const withPictures = args.includes("--screenshots");
  const { passed, failed, failures, problem } = await runMocha(["packages/console/dist-test"], {
    label: "console",
    args: args.filter((arg) => arg !== "--screenshots"),
    environment: withPictures ? { QUITTANCE_SCREENSHOTS: "1" } : {},
  });
  for (const { title, story } of failures) console.log(`\nfailed: ${title}\n${story}`);
  if (problem !== undefined) console.log(`\nfailed: ${problem}`);
  const wrong = failed + (problem === undefined ? 0 : 1);
  console.log(`${passed} passed, ${wrong} failed`);
  process.exitCode = wrong === 0 && passed > 0 ? 0 : 1;
}
