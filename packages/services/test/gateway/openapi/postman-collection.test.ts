import { expect } from "chai";
import { openApiDocument } from "../../../dist/gateway/openapi/openapi-document.js";
import { postmanCollection } from "../../../dist/gateway/openapi/postman-collection.js";
import { SCOPES } from "../../../dist/shared/scopes.js";
import { useGateway } from "../gateway-for-tests.js";

interface Item {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly url: { readonly raw: string };
    readonly body?: { raw: string };
  };
}
interface Collection {
  readonly item: readonly { readonly name: string; readonly item: readonly Item[] }[];
}

describe("The collection of requests", () => {
  const gateway = useGateway({ READ_TIMEOUT_SECONDS: "1" });
  const requests = (postmanCollection() as unknown as Collection).item.flatMap(({ item }) => item);

  it("has one for each operation of the OpenAPI document", () => {
    const { paths } = openApiDocument() as { readonly paths: Readonly<Record<string, object>> };
    const operations = Object.values(paths).flatMap((path) => Object.values(path) as { operationId: string }[]);
    expect(requests.map(({ name }) => name)).to.have.members(operations.map(({ operationId }) => operationId));
  });

  it("has only requests that the door takes: each is at a path of it, and every field fits", async () => {
    const everybody = await gateway().apiAs({ scopes: SCOPES });
    const sent = requests
      // They end when their payment does.
      .filter(({ name }) => !name.startsWith("Watch"))
      .map(async ({ name, request: { method, url, body } }, number) => {
        const path = url.raw.replace("{{baseUrl}}", "");
        const text = body?.raw.replace("{{$guid}}", `collection-${number}`);
        const answer = await everybody.http(path, { method, ...(text !== undefined && { body: text }) });
        expect(answer.status, `${name}: ${answer.text}`).not.to.be.oneOf([400, 405, 415]);
        expect(answer.json?.reason, name).not.to.equal("UNKNOWN_ROUTE");
      });
    await Promise.all(sent);
  });
});
