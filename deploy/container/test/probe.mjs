/** Connections as one container sees them: run inside its network, by nsenter, with a list of attempts as JSON. */
import { connect } from "node:net";

const TIMEOUT_MS = 1_000;
const attempts = JSON.parse(process.argv[2]);

const results = await Promise.all(attempts.map(({ host, port }) => attempt(host, port)));
process.stdout.write(JSON.stringify(results));

/** `open` when somebody answers, else why not. */
function attempt(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (outcome) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(TIMEOUT_MS, () => end("no answer"));
    socket.once("connect", () => end("open"));
    socket.once("error", (error) => end(error.code ?? error.message));
  });
}
