/** The client and its command line against one house: five services, a broker and a PostgreSQL. */
import { useStack } from "../../services/dist-test/support/stack-for-tests.js";
import { describeCommandLine } from "./cases/command-line.js";
import { describeKilledGateway } from "./cases/killed-gateway.js";
import { describePayments } from "./cases/payments.js";

describe("With the whole house,", function () {
  this.timeout(120_000);
  const house = useStack();

  describe("the client", () => describePayments(house));
  describe("the command line", () => describeCommandLine(house));
  describe("a gateway that is killed in the middle of a call", () => describeKilledGateway(house));
});
