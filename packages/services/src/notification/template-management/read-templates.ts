/** Pages of templates, of their versions and of their histories. */
import type { Session } from "../../platform/database.js";
import { invalidRequest } from "../../shared/management-error.js";
import { findTemplateActions } from "../operations/find-template-actions.js";
import { findTemplateVersions } from "../operations/find-template-versions.js";
import { findTemplates } from "../operations/find-templates.js";
import type { StoredAction, StoredTemplate, StoredVersion } from "../stored-template.js";
import { readTemplate } from "./change-active-version.js";
import { FieldChecks, MAXIMUM_VERSION_NUMBER, type TemplateKey } from "./template-fields.js";

const DEFAULT_PAGE_SIZE = 50;
const MAXIMUM_PAGE_SIZE = 1_000;

/** Which page. */
export interface PageRequest {
  readonly pageSize: number;
  /** Empty for the first one. */
  readonly pageToken: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Empty when this was the last. */
  readonly nextPageToken: string;
}

/** By name and language; an empty one is any. @throws ManagementError INVALID_FIELDS. */
export async function listTemplates(
  session: Session,
  { name, language, ...page }: TemplateKey & PageRequest,
): Promise<Page<StoredTemplate>> {
  const checks = new FieldChecks();
  if (name !== "") checks.name(name);
  if (language !== "") checks.language(language);
  checks.end();
  return readPage(page, {
    list: JSON.stringify(["templates", name, language]),
    find: (position, limit) => {
      const [afterName, afterLanguage] = position?.split(" ") ?? [];
      const after = position && { name: afterName ?? "", language: afterLanguage ?? "" };
      return findTemplates(session, {
        name: name || undefined,
        language: language || undefined,
        after: after || undefined,
        limit,
      });
    },
    positionOf: (template) => `${template.name} ${template.language}`,
  });
}

/** Newest first. @throws ManagementError INVALID_FIELDS, TEMPLATE_NOT_FOUND. */
export async function listTemplateVersions(
  session: Session,
  { name, language, ...page }: TemplateKey & PageRequest,
): Promise<Page<StoredVersion>> {
  await readTemplate(session, { name, language });
  return readPage(page, {
    list: JSON.stringify(["versions", name, language]),
    find: (position, limit) =>
      findTemplateVersions(session, {
        name,
        language,
        before: position === undefined ? undefined : Math.min(Number(position), MAXIMUM_VERSION_NUMBER),
        limit,
      }),
    positionOf: ({ version }) => String(version),
  });
}

/** Newest first. @throws ManagementError INVALID_FIELDS, TEMPLATE_NOT_FOUND. */
export async function listTemplateActions(
  session: Session,
  { name, language, ...page }: TemplateKey & PageRequest,
): Promise<Page<StoredAction>> {
  await readTemplate(session, { name, language });
  return readPage(page, {
    list: JSON.stringify(["actions", name, language]),
    find: (position, limit) =>
      findTemplateActions(session, {
        name,
        language,
        before: position === undefined ? undefined : BigInt(position),
        limit,
      }),
    positionOf: ({ id }) => String(id),
  });
}

async function readPage<Item>(
  { pageSize, pageToken }: PageRequest,
  page: {
    /** Names the list and its filters. */
    readonly list: string;
    find(position: string | undefined, limit: number): Promise<Item[]>;
    positionOf(item: Item): string;
  },
): Promise<Page<Item>> {
  const checks = new FieldChecks();
  checks.check(pageSize >= 0, "page_size", "must not be negative");
  checks.end();
  // What is above the largest page asks for that one (AIP-158).
  const size = pageSize === 0 ? DEFAULT_PAGE_SIZE : Math.min(pageSize, MAXIMUM_PAGE_SIZE);
  const position = pageToken === "" ? undefined : readToken(page.list, pageToken);
  const found = await page.find(position, size + 1);
  const items = found.slice(0, size);
  const last = items.at(-1);
  const isMore = last !== undefined && found.length > size;
  return { items, nextPageToken: isMore ? writeToken(page.list, page.positionOf(last)) : "" };
}

/** Where the next page starts. Operators alone see templates, so nothing is hidden by it: it is opaque, and not signed. */
function writeToken(list: string, position: string): string {
  return Buffer.from(JSON.stringify([list, position])).toString("base64url");
}

function readToken(list: string, token: string): string {
  try {
    const [ofList, position] = JSON.parse(Buffer.from(token, "base64url").toString()) as unknown[];
    if (ofList === list && typeof position === "string" && /^[0-9]{1,18}$|^[!-~]{1,100} [!-~]{1,100}$/.test(position))
      return position;
  } catch {
    // It is no token of ours.
  }
  throw invalidRequest([
    {
      field: "page_token",
      description: "must be the next_page_token of an earlier page of the same list, with the same filters",
    },
  ]);
}
