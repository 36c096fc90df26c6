/** Says in one sentence what would otherwise be a method that is missing, somewhere and later. */

const OLDEST = 22;

const major = Number(process.versions.node.split(".")[0]);
if (major < OLDEST) {
  throw new Error(
    `@quittance/sdk needs Node.js ${OLDEST} or later, and this is ${process.version}, which is no longer maintained.`,
  );
}
