import { readFileSync } from "node:fs";
import { expect } from "chai";
import { API_FILES } from "../../dist/shared/api-descriptor.js";

const ROUTES = readFileSync(new URL("../../../../deploy/k8s/overlays/production/routes.yaml", import.meta.url), "utf8");

describe("The routes into the cluster", () => {
  it("lead to every service of the API over gRPC, and to every path of it over HTTP", () => {
    const services = API_FILES.file
      .filter((file) => file.package.startsWith("quittance."))
      .flatMap((file) => file.service.map(({ name }) => `${file.package}.${name}`));
    expect(services).to.include("quittance.payments.v1.PaymentService");
    const routed = [...ROUTES.matchAll(/^ +service: (\S+)$/gm)].map(([, service]) => service);
    expect(routed).to.have.members(services);
    // Every path of the API begins so: http-routes.ts and the protos.
    expect(ROUTES).to.match(/type: PathPrefix\n +value: \/v1\/\n/);
  });
});
