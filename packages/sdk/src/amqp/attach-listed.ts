import type { ManagedLink } from "./link-host.js";

/**
 * Lists a link while it is being attached, so that it also learns of a transport that breaks meanwhile.
 * @throws what `attaching` rejects with; the link is then ended, and not listed.
 */
export async function attachListed<T extends ManagedLink>(link: T, all: Set<T>, attaching: Promise<void>): Promise<T> {
  all.add(link);
  try {
    await attaching;
    return link;
  } catch (error) {
    all.delete(link);
    link.end(undefined);
    throw error;
  }
}
