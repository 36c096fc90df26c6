import { expect } from "chai";
import { ALL_CHANNELS, consumersOf } from "../../dist/shared/queue-map.js";
import { ARROWS, PARTS } from "../../dist/topology/arrows.js";
import { DATABASE_SERVICES, SERVICES } from "../../dist/topology/system-table.js";

const from = (to: string) => ARROWS.filter((arrow) => arrow.to === to).map((arrow) => arrow.from);

describe("The arrows between the parts", () => {
  it("reach the broker from whoever writes or reads a channel, and from nobody else", () => {
    const users = ALL_CHANNELS.flatMap((channel) => [...channel.writers, ...consumersOf(channel)]);
    expect(new Set(from("broker"))).to.deep.equal(
      new Set(users.filter((user) => user !== "operator" && user !== "auditor")),
    );
  });

  it("reach the database from the services that have a role of their own, and from nobody else", () => {
    expect(from("database")).to.deep.equal([...DATABASE_SERVICES]);
  });

  it("come from outside to the gateway alone, and from no service to another", () => {
    const services: readonly string[] = SERVICES;
    expect(ARROWS.filter((arrow) => arrow.from === "outside").map(({ to }) => to)).to.deep.equal(["gateway"]);
    expect(ARROWS.filter((arrow) => services.includes(arrow.from) && services.includes(arrow.to))).to.deep.equal([]);
  });

  it("lie between parts that there are", () => {
    for (const arrow of ARROWS) expect([...PARTS, "outside"]).to.include.members([arrow.from, arrow.to]);
  });
});
