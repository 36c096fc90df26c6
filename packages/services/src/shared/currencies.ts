/**
 * The currencies of payments: ISO 4217, list one, as published by its maintenance agency on 2026-01-01, with the digits
 * of their minor units. It is the one table of currencies: what may come in, how amounts are written, and what accounts
 * are kept in all ask it. When the agency publishes another list, this table changes and nothing else.
 *
 * Codes without a minor unit are left out, because no amount can be stated in them: metals (XAU), units of account
 * (XDR, XSU, XUA, XBA to XBD), the code for tests (XTS) and that for no currency (XXX). Node's own list, which is ICU's,
 * cannot be used: it has withdrawn currencies, lacks new ones, and its digits are those of coins in use.
 */

/** By the digits of the minor unit: 2 is a hundredth. */
const CODES_BY_DIGITS: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
      COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
      INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
      MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
      STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

const DIGITS: ReadonlyMap<string, number> = new Map(
  Object.entries(CODES_BY_DIGITS).flatMap(([digits, codes]) =>
    codes.split(/\s+/).map((code) => [code, Number(digits)] as const),
  ),
);

/** Every currency that payments can be made in: alphabetic codes in capitals. */
export const CURRENCY_CODES: readonly string[] = [...DIGITS.keys()].sort();

/** Whether `code` is a currency of ISO 4217's list. Codes are in capitals: `eur` is none. */
export function isCurrency(code: string): boolean {
  return DIGITS.has(code);
}

/** How many digits of an amount in minor units stand behind the decimal point; undefined for what is no currency. */
export function minorUnitDigitsOf(code: string): number | undefined {
  return DIGITS.get(code);
}
