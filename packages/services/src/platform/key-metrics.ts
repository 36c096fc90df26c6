/** How old the keys of a process are, for alerts: a key that nobody changes is one day a key that everybody has. */
import { KeyRing, keyMadeAt } from "./key-ring.js";
import { serviceMeter } from "./meter.js";

/**
 * Observes the age of every key whose id tells its day, in seconds; `quittance.key.use` is `first` for the one that makes
 * and `accepted` for the others.
 */
export function observeKeyAges(configuration: Readonly<Record<string, unknown>>, now: () => number = Date.now): void {
  const rings = Object.entries(configuration).filter(
    (entry): entry is [string, KeyRing] => entry[1] instanceof KeyRing,
  );
  if (rings.length === 0) return;
  serviceMeter()
    .createObservableGauge("quittance.key.age", {
      description: "How long ago a key was made, for keys whose id begins with their day.",
      unit: "s",
    })
    .addCallback((result) => {
      for (const [set, ring] of rings) {
        for (const { id } of ring.all) {
          const madeAt = keyMadeAt(id);
          if (madeAt === undefined) continue;
          const use = id === ring.first.id ? "first" : "accepted";
          const attributes = { "quittance.key.set": set, "quittance.key.id": id, "quittance.key.use": use };
          result.observe(Math.max(0, Math.floor((now() - madeAt) / 1_000)), attributes);
        }
      }
    });
}
