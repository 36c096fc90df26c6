/**
 * Makes the secrets of `overlays/local`, new at each run, and writes them as one List for kubectl:
 *
 *   npm run build && node deploy/k8s/local-secrets.mjs | kubectl apply --server-side -f -
 *
 * A cluster that takes payments gets its secrets from where they are kept: docs/operating/kubernetes.md lists them.
 */
import { pathToFileURL } from "node:url";

const DIST = new URL("../../packages/services/dist/", import.meta.url);
const load = (module) => import(new URL(module, DIST));

/** @returns the List: a Secret for each part, the keys of merchants' tokens, and a token to pay with. */
export async function localSecrets() {
  const { SERVICES, SYSTEM, PORTS, DATABASE_SERVICES, databaseOf } = await load("topology/system-table.js");
  const { createKeys, randomPassword, brokerPasswords } = await load("stack/secrets.js");
  const { environmentOf } = await load("stack/service-table.js");
  const { createDevelopmentKeys, mintToken } = await load("operator/development-token.js");
  const { BROKER_USERS } = await load("shared/queue-map.js");

  const passwords = brokerPasswords();
  const roles = Object.fromEntries(DATABASE_SERVICES.map((service) => [service, randomPassword()]));
  const admin = randomPassword();
  const merchants = await createDevelopmentKeys();
  const claims = { issuer: "quittance-local", audience: "quittance" };
  const stack = {
    brokerUrlOf: (service) => `amqp://${service}:${passwords[service]}@broker:${PORTS.amqp}`,
    databaseUrlOf: (service) =>
      `postgres://${databaseOf(service).role}:${roles[service]}@database:${PORTS.postgresql}/quittance`,
    keys: createKeys(),
    authentication: { AUTH_JWKS: merchants.jwks, AUTH_ISSUER: claims.issuer, AUTH_AUDIENCE: claims.audience },
    grpcPort: PORTS.grpc,
    httpPort: PORTS.http,
  };
  const ofServices = SERVICES.map((service) => {
    const environment = environmentOf(service, stack);
    const held = SYSTEM[service].secrets.filter((variable) => environment[variable] !== undefined);
    return secret(service, Object.fromEntries(held.map((variable) => [variable, environment[variable]])));
  });
  return {
    apiVersion: "v1",
    kind: "List",
    items: [
      namespace(),
      ...ofServices,
      secret("monitor", { BROKER_URL: `amqp://auditor:${passwords.auditor}@broker:${PORTS.amqp}` }),
      secret("migrate", {
        DATABASE_ADMIN_URL: `postgres://postgres:${admin}@database:${PORTS.postgresql}/quittance`,
        ...Object.fromEntries(
          Object.entries(roles).map(([service, password]) => [
            `${databaseOf(service).role.toUpperCase()}_DATABASE_PASSWORD`,
            password,
          ]),
        ),
      }),
      secret("database", { POSTGRES_PASSWORD: admin }),
      secret("broker", {
        "artemis-users.properties": lines(BROKER_USERS, (user) => passwords[user]),
        "artemis-roles.properties": lines(BROKER_USERS, (user) => user),
      }),
      secret("merchant-token", { TOKEN: await mintToken(merchants, { ...claims, merchantId: "m-0001" }) }),
      object("ConfigMap", "merchant-keys", { data: { "jwks.json": merchants.jwks } }),
    ],
  };
}

function lines(names, valueFor) {
  return names.map((name) => `${name}=${valueFor(name)}\n`).join("");
}

function object(kind, name, rest) {
  const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "quittance" };
  return { apiVersion: "v1", kind, metadata: { name, namespace: "quittance", labels }, ...rest };
}

function secret(name, stringData) {
  return object("Secret", name, { type: "Opaque", stringData });
}

/** As in the base, which owns its labels: here so that the secrets can be there first. */
function namespace() {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: "quittance" } };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(`${JSON.stringify(await localSecrets(), null, 2)}\n`);
}
