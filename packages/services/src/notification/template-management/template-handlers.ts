/** TemplateService: what the API's methods do, each under its full name. */
import type { TemplateServiceServer } from "../../gen/quittance/notifications/v1/templates.js";
import type { Database } from "../../platform/database.js";
import type { ServiceHandlers } from "../../shared/answer-management.js";
import type { Template, TemplateRenderer } from "../render-template.js";
import type { TemplateName } from "../template-variables.js";
import { activateTemplateVersion, readTemplate, readVersion, rollBackTemplate } from "./change-active-version.js";
import { checkTexts, createTemplateVersion } from "./create-template-version.js";
import { previewTemplate } from "./preview-template.js";
import { listTemplateActions, listTemplates, listTemplateVersions } from "./read-templates.js";
import { FieldChecks } from "./template-fields.js";
import { actionResource, templateResource, versionResource } from "./template-resources.js";

const SERVICE = "quittance.notifications.v1.TemplateService";

/** @throws ManagementError, in each of them. */
export function templateHandlers({
  database,
  renderer,
}: {
  readonly database: Pick<Database, "transaction" | "autoCommit">;
  readonly renderer: TemplateRenderer;
}): ServiceHandlers<typeof SERVICE, TemplateServiceServer> {
  return {
    "quittance.notifications.v1.TemplateService/ListTemplates": async ({ request }) => {
      const page = await database.autoCommit((session) => listTemplates(session, request));
      return { templates: page.items.map(templateResource), nextPageToken: page.nextPageToken };
    },

    "quittance.notifications.v1.TemplateService/GetTemplate": async ({ request }) => {
      new FieldChecks().key(request).end();
      return { template: templateResource(await database.autoCommit((session) => readTemplate(session, request))) };
    },

    "quittance.notifications.v1.TemplateService/CreateTemplateVersion": async ({
      actor,
      request: { reason, ...request },
    }) => {
      const by = { actor, reason };
      const made = await database.transaction((session) =>
        createTemplateVersion(session, renderer, { ...request, by }),
      );
      return { templateVersion: versionResource(made) };
    },

    "quittance.notifications.v1.TemplateService/GetTemplateVersion": async ({ request }) => {
      new FieldChecks().key(request).version(request.version).end();
      return {
        templateVersion: versionResource(await database.autoCommit((session) => readVersion(session, request))),
      };
    },

    "quittance.notifications.v1.TemplateService/ListTemplateVersions": async ({ request }) => {
      new FieldChecks().key(request).end();
      const page = await database.autoCommit((session) => listTemplateVersions(session, request));
      return { templateVersions: page.items.map(versionResource), nextPageToken: page.nextPageToken };
    },

    "quittance.notifications.v1.TemplateService/PreviewTemplate": async ({ request }) => {
      const { name, language, version, subject, body, htmlBody } = request;
      const checks = new FieldChecks().key(request);
      const isOwn = subject !== "" || body !== "" || htmlBody !== "";
      if (version === 0) checkTexts(checks, request);
      else checks.version(version).check(!isOwn, "version", "must be 0 with texts of the call's own");
      checks.end();
      const stored = version === 0 ? request : await database.autoCommit((session) => readVersion(session, request));
      const texts: Template = {
        name,
        language,
        version,
        subject: stored.subject,
        body: stored.body,
        htmlBody: stored.htmlBody,
      };
      return { previews: previewTemplate(renderer, { ...texts, name: name as TemplateName }, request.variables) };
    },

    "quittance.notifications.v1.TemplateService/ActivateTemplateVersion": async ({
      actor,
      request: { reason, ...request },
    }) => {
      const by = { actor, reason };
      const { template } = await database.transaction((session) =>
        activateTemplateVersion(session, renderer, { ...request, by }),
      );
      return { template: templateResource(template) };
    },

    "quittance.notifications.v1.TemplateService/RollBackTemplate": async ({
      actor,
      request: { reason, ...request },
    }) => {
      const by = { actor, reason };
      const { template } = await database.transaction((session) =>
        rollBackTemplate(session, renderer, { ...request, by }),
      );
      return { template: templateResource(template) };
    },

    "quittance.notifications.v1.TemplateService/ListTemplateActions": async ({ request }) => {
      new FieldChecks().key(request).end();
      const page = await database.autoCommit((session) => listTemplateActions(session, request));
      return { actions: page.items.map(actionResource), nextPageToken: page.nextPageToken };
    },
  };
}
