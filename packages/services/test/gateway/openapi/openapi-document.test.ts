import { expect } from "chai";
import { openApiDocument } from "../../../dist/gateway/openapi/openapi-document.js";
import { SCOPES } from "../../../dist/shared/scopes.js";
import { strayOf } from "../../support/documented-answers.js";
import { useGateway } from "../gateway-for-tests.js";

// biome-ignore lint/suspicious/noExplicitAny: JSON that is looked at field by field.
const document = openApiDocument() as any;

/** Every operation with where it is. */
function operations() {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as object).map(([verb, operation]) => ({ path, verb: verb.toUpperCase(), operation })),
  );
}

describe("The OpenAPI document", () => {
  const gateway = useGateway({ READ_TIMEOUT_SECONDS: "1" });

  it("has no path that the door does not serve", async () => {
    expect(operations()).not.to.have.length(0);
    for (const { path, verb } of operations()) {
      const url = `${gateway().httpUrl}${path.replaceAll(/\{[^}]+\}/g, "any")}`;
      // Who calls is asked after it is known what is called, and before a body is read.
      const answer = await fetch(url, { method: verb });
      expect(answer.status, `${verb} ${path}`).to.equal(401);
    }
  });

  it("names the scope that each operation needs, which the door asks for", async () => {
    const stranger = await gateway().apiAs({ scopes: ["nothing:else"] });
    for (const { path, verb, operation } of operations()) {
      const answer = await stranger.http(path.replaceAll(/\{[^}]+\}/g, "any"), { method: verb });
      expect(answer.status, `${verb} ${path}`).to.equal(403);
      expect([{ bearer: [answer.json.scope] }]).to.deep.equal(operation.security);
    }
  });

  it("has no parameter that the door does not know", async () => {
    const everybody = await gateway().apiAs({ scopes: SCOPES });
    for (const { path, verb, operation } of operations()) {
      for (const parameter of operation.parameters) {
        if (parameter.in !== "query") continue;
        // A number, for one that takes numbers; what else is wrong with it is of no matter here.
        const query = `${parameter.name}=1&of_nobody=1`;
        const answer = await everybody.http(`${path.replaceAll(/\{[^}]+\}/g, "any")}?${query}`, { method: verb });
        expect(answer.status).to.equal(400);
        const named = answer.json.violations.map((violation: { field: string }) => violation.field);
        expect(named, `${verb} ${path}`).to.deep.equal(["of_nobody"]);
      }
    }
  });

  it("requires a body of the operations that the door refuses without one", async () => {
    const everybody = await gateway().apiAs({ scopes: SCOPES });
    const withBodies = operations().filter(({ operation }) => operation.requestBody !== undefined);
    expect(withBodies).not.to.have.length(0);
    const answered = withBodies.map(async ({ path, verb, operation }) => {
      const filled = path.replaceAll(/\{([^}]+)\}/g, (_all, name: string) => {
        const { schema } = operation.parameters.find((one: { name?: string }) => one.name === name);
        return schema.examples?.[0] ?? "any";
      });
      const headers = { "idempotency-key": "no-body-1" };
      const none = await everybody.http(filled, { method: verb, headers });
      if (operation.requestBody.required) return expect(none.status, `${verb} ${path} with no body`).to.equal(400);
      const empty = await everybody.http(filled, { method: verb, headers, body: {} });
      expect(none.json.reason, `${verb} ${path} with no body`).to.equal(empty.json.reason);
      expect(none.json).not.to.have.property("violations");
    });
    await Promise.all(answered);
  });

  it("refers to nothing that is not in it", () => {
    const text = JSON.stringify(document);
    for (const [, path = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const found = path.split("/").reduce((part, name) => part?.[name], document);
      expect(found, path).not.to.equal(undefined);
    }
    for (const [, id = ""] of text.matchAll(/"operationId":"([^"]+)","parameters":\{"/g)) {
      expect(operations().map(({ operation }) => operation.operationId)).to.include(id);
    }
  });

  it("describes every operation, parameter and field", () => {
    for (const { operation } of operations()) {
      expect(operation.summary, operation.operationId).to.match(/\.$/);
      for (const { description, $ref } of operation.parameters) expect(description ?? $ref).not.to.equal("");
    }
    for (const [name, schema] of Object.entries<Record<string, never>>(document.components.schemas)) {
      expect(schema.description, name).to.be.a("string").and.not.to.equal("");
      for (const [field, { description }] of Object.entries<Record<string, never>>(schema.properties ?? {})) {
        expect(description, `${name}.${field}`).to.be.a("string").and.not.to.equal("");
      }
    }
  });

  it("judges answers: what it does not say is found", () => {
    const headers = new Headers({
      "content-type": "application/json",
      traceresponse: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    });
    const judged = (status: number, body: object) =>
      strayOf("GET", "/v1/refunds", { status, headers, text: JSON.stringify(body) });
    expect(judged(200, { refunds: [], nextPageToken: "" })).to.equal(undefined);
    expect(judged(200, { refunds: [] })).to.match(/nextPageToken/);
    expect(judged(200, { refunds: [], nextPageToken: "", more: 1 })).to.match(/additional properties/);
    expect(judged(201, { refunds: [], nextPageToken: "" })).to.match(/status 201/);
    expect(judged(404, { refunds: [], nextPageToken: "" })).to.match(/application\/json is not documented/);
    headers.delete("traceresponse");
    expect(judged(200, { refunds: [], nextPageToken: "" })).to.match(/traceresponse is missing/);
  });
});
