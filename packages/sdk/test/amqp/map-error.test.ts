import { expect } from "chai";
import { linkError, rejectionError } from "../../dist/amqp/map-error.js";

describe("The error of a link that the broker refused", () => {
  it("is one of rights in Artemis's words too, and of the protocol where the broker says nothing better", () => {
    const condition = "amqp:internal-error";
    for (const description of [
      "AMQ119001: error creating temporary queue, AMQ119016: not authorized to create temporary destination",
      "AMQ229213: User: a does not have permission='CREATE_NON_DURABLE_QUEUE' for queue b on address c.",
      "AMQ229032: User: a does not have permission='CREATE_ADDRESS' on address b",
    ]) {
      expect(linkError("Attaching", "orders", { condition, description }), description).to.include({
        ...{ code: "not-authorized", destination: "orders", retryable: false },
      });
    }
    for (const condition of ["failed", "amqp:internal-error", "amqp:not-allowed"]) {
      const description = "AMQ229032: User: a does not have permission='SEND' on address b";
      expect(rejectionError("orders", { condition, description }).code).to.equal("not-authorized");
      expect(linkError("Attaching", "orders", { condition, description }).code).to.equal("not-authorized");
    }
    expect(linkError("Attaching", "orders", { condition, description: "AMQ229000: full" }).code).to.equal("protocol");
    expect(linkError("Attaching", "orders", { condition: "amqp:unauthorized-access" }).code).to.equal("not-authorized");
  });
});
