import { serviceMeter } from "./meter.js";
import type { Tls } from "./tls.js";

/**
 * Tells when the certificates of this process end, as seconds since 1970: its own, and the first of the authorities that
 * it trusts. Alerts compare it with the time.
 */
export function observeCertificates(tls: Tls): void {
  const gauge = serviceMeter().createObservableGauge("quittance.tls.certificate.expiry", {
    description: "When a certificate ends, in seconds since 1970.",
    unit: "s",
  });
  gauge.addCallback((result) => {
    for (const [certificate, atMs] of Object.entries(tls.expiries())) {
      result.observe(Math.floor(atMs / 1_000), { "quittance.tls.certificate": certificate });
    }
  });
}
