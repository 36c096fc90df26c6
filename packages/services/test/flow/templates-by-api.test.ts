import { credentials } from "@grpc/grpc-js";
import { type Connection, connect } from "@quittance/sdk";
import { expect } from "chai";
import {
  type PreviewTemplateRequest,
  type PreviewTemplateResponse,
  TemplateServiceClient,
} from "../../dist/gen/quittance/notifications/v1/templates.js";
import { startNotification } from "../../dist/notification/service.js";
import { openDatabase } from "../../dist/platform/database.js";
import type { RunningService } from "../../dist/platform/run-service.js";
import { type ApiClient, failureOf } from "../gateway/api-client.js";
import { useGateway } from "../gateway/gateway-for-tests.js";
import { captureLog } from "../support/captured-log.js";
import { useDatabase } from "../support/database-for-tests.js";
import { messageKeysFor } from "../support/message-keys.js";

const PATH = "/v1/templates/payment-succeeded/en";

describe("Templates, by an operator through the API", function () {
  this.timeout(60_000);
  const gateway = useGateway();
  const testDatabase = useDatabase();
  let connection: Connection;
  let service: RunningService;
  let operator: ApiClient;
  let grpc: TemplateServiceClient;

  before(async () => {
    connection = await connect(`amqp://notification:notification-password@127.0.0.1:${gateway().broker().port}`);
    const { log } = captureLog();
    service = await startNotification({
      ...{ connection, log, language: "en", messageKeys: messageKeysFor("notification") },
      database: openDatabase({ url: testDatabase().urlOf("notification"), poolSize: 4, service: "templates", log }),
    });
    operator = await gateway().apiAs({ merchantId: "anna", scopes: ["templates:read", "templates:write"] });
    grpc = new TemplateServiceClient(gateway().grpcAddress, credentials.createInsecure());
  });

  after(async () => {
    grpc.close();
    await service.drain({ timeoutMs: 5_000 });
    await connection.close();
  });

  const post = (path: string, body: object) =>
    operator.http(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });

  function preview(request: PreviewTemplateRequest): Promise<PreviewTemplateResponse> {
    return new Promise((resolve, reject) => {
      grpc.previewTemplate(request, operator.metadata(), (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
  }

  it("are made, previewed, activated and rolled back, and their history names who did it", async () => {
    const texts = { subject: "Thanks for {{ amount }}", body: "{{ merchant }} thanks you." };
    const { previews } = await preview({
      ...{ name: "payment-succeeded", language: "en", version: 0, htmlBody: "", variables: {} },
      ...texts,
    });
    expect(previews.map(({ subject }) => subject)).to.deep.equal(["Thanks for €12.50"]);

    const created = await post(`${PATH}/versions`, { ...texts, requestId: "kinder-1" });
    expect(created.status, JSON.stringify(created.json)).to.equal(200);
    const { version } = created.json.templateVersion;
    expect(created.json.templateVersion).to.deep.include({ ...texts, active: false, creator: "anna" });
    expect((await post(`${PATH}/versions`, { ...texts, requestId: "kinder-1" })).json).to.deep.equal(created.json);

    const activated = await post(`${PATH}/versions/${version}:activate`, { reason: "kinder" });
    expect(activated.json.template).to.deep.include({ activeVersion: version, latestVersion: version });
    const back = await post(`${PATH}:rollBack`, { activeVersion: version, reason: "too kind" });
    expect(back.json.template.activeVersion).to.equal(1);

    const { json } = await operator.http(`${PATH}/actions`);
    const told = json.actions.map(({ kind, actor, reason }: Record<string, string>) => `${kind} ${actor} ${reason}`);
    expect(told).to.deep.equal([
      "TEMPLATE_ACTION_KIND_ROLL_BACK anna too kind",
      "TEMPLATE_ACTION_KIND_ACTIVATE anna kinder",
      "TEMPLATE_ACTION_KIND_CREATE anna ",
    ]);
    const french = (await operator.http("/v1/templates?language=fr")).json.templates;
    expect(french.map(({ name }: { name: string }) => name)).to.deep.equal([
      ...["payment-canceled", "payment-declined", "payment-succeeded", "payout"],
      ...["refund-declined", "refund-succeeded", "webhook-endpoint-disabled"],
    ]);
  });

  it("are refused through both doors where a text cannot tell every end, with a violation for each", async () => {
    const wrong = { subject: "Paid {{ who }}", body: "{% render 'footer' %}", requestId: "wrong-1" };
    const { status, json } = await post(`${PATH}/versions`, wrong);
    expect([status, json.reason]).to.deep.equal([400, "INVALID_TEMPLATE"]);
    expect(json.violations.map(({ field }: { field: string }) => field)).to.deep.equal(["subject", "body"]);
    const request = { name: "payment-succeeded", language: "en", version: 0, ...wrong, htmlBody: "", variables: {} };
    const failure = await failureOf(preview(request));
    expect(failure.info?.reason).to.equal("INVALID_TEMPLATE");
    expect((await operator.http("/v1/templates/payment-lost/en")).json.reason).to.equal("INVALID_FIELDS");
    expect((await operator.http(`${PATH}/versions/99`)).json.reason).to.equal("TEMPLATE_VERSION_NOT_FOUND");
  });

  it("are not a merchant's", async () => {
    const merchant = await gateway().apiAs({ scopes: ["payments:read", "payments:write"] });
    expect((await merchant.http(PATH)).status).to.equal(403);
  });
});
