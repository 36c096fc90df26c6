import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { ALL_TYPES, EVENT_TYPE_OF_TEMPLATE, EVENT_TYPES } from "../../dist/notification/event-types.js";

interface Schema {
  readonly properties?: Readonly<Record<string, { readonly items?: { readonly pattern?: string } }>>;
}

describe("The types of events", () => {
  it("are those that the OpenAPI document lets an endpoint or an address choose, all of them and no others", async () => {
    const path = new URL("../../../../proto/openapi.json", import.meta.url);
    const { components } = JSON.parse(await readFile(path, "utf8")) as {
      readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
    };
    const patterns = Object.entries(components.schemas).flatMap(([name, { properties }]) => {
      const pattern = properties?.eventTypes?.items?.pattern;
      return pattern === undefined ? [] : [[name, pattern] as const];
    });
    expect(patterns).to.have.length(3);
    for (const [name, pattern] of patterns) {
      const [, list = ""] = /^\^\((.*)\)\$$/.exec(pattern) ?? [];
      const named = list.split("|").map((one) => one.replaceAll("\\", ""));
      const told = name === "EmailRecipientInput" ? Object.values(EVENT_TYPE_OF_TEMPLATE) : [ALL_TYPES, ...EVENT_TYPES];
      expect(named, name).to.have.members(told);
    }
  });
});
