/** The services of the API that other services own, over gRPC: each method is passed on to its owner. */
import type { Server, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { ClientServiceService } from "../gen/quittance/accounts/v1/clients.js";
import { MerchantAccountServiceService } from "../gen/quittance/accounts/v1/merchant_account.js";
import { MerchantServiceService } from "../gen/quittance/accounts/v1/merchants.js";
import { EventServiceService } from "../gen/quittance/notifications/v1/events.js";
import { NotificationSettingsServiceService } from "../gen/quittance/notifications/v1/notification_settings.js";
import { TemplateServiceService } from "../gen/quittance/notifications/v1/templates.js";
import { WebhookEndpointServiceService } from "../gen/quittance/notifications/v1/webhook_endpoints.js";
import { type GrpcCallParts, GrpcCalls } from "./grpc-calls.js";
import { MANAGED_METHODS } from "./managed-methods.js";
import { withStrictRequests } from "./strict-requests.js";

/** What ts-proto made of each: how its messages are read and written in the wire form. */
const DEFINITIONS: readonly ServiceDefinition[] = [
  ClientServiceService,
  MerchantServiceService,
  MerchantAccountServiceService,
  TemplateServiceService,
  WebhookEndpointServiceService,
  EventServiceService,
  NotificationSettingsServiceService,
];

/** The full names of the services. */
export const MANAGED_SERVICES: readonly string[] = [...new Set(MANAGED_METHODS.map(({ service }) => service))];

/** Adds them all. @throws Error when what is generated and what is described differ. */
export function addManagedServices(server: Server, parts: GrpcCallParts): void {
  const missing = new Set(MANAGED_METHODS.map(({ fullName }) => fullName));
  for (const definition of DEFINITIONS) {
    const implementation: UntypedServiceImplementation = {};
    for (const [name, { path }] of Object.entries(definition)) {
      const method = MANAGED_METHODS.find(({ fullName }) => path === `/${fullName}`);
      if (method === undefined) throw new Error(`${path} names no scope and no owner.`);
      missing.delete(method.fullName);
      const calls = new GrpcCalls(parts, method.service);
      implementation[name] = calls.unary<object, object>(method.name, method.scope, (context, request) =>
        parts.gateway.callOwner(context, method, request),
      );
    }
    server.addService(withStrictRequests(definition), implementation);
  }
  if (missing.size > 0) throw new Error(`Nothing serves ${[...missing].join(", ")} over gRPC.`);
}
