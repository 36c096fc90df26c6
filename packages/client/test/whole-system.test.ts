/** The client and its command line against one system: five services, a broker and a PostgreSQL. */
import { useStack } from "../../services/dist-test/support/stack-for-tests.js";
import { describeCommandLine } from "./cases/command-line.js";
import { describeKilledGateway } from "./cases/killed-gateway.js";
import { describePayments } from "./cases/payments.js";

describe("With the whole system,", function () {
  this.timeout(120_000);
  const system = useStack();

  describe("the client", () => describePayments(system));
  describe("the command line", () => describeCommandLine(system));
  describe("a gateway that is killed in the middle of a call", () => describeKilledGateway(system));
});
