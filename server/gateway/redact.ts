/**
 * Text of a call as it may stand in a log: without what looks like an NHS number, a token or a key, on one line and short.
 * A second line of defence behind lists of what is logged at all.
 */

/** Logged of one value at most; UTF-16 units. */
const longest = 200;

export function redacted(text: string): string {
  return text
    .slice(0, longest)
    .replace(/[^\x20-\x7e]/g, '?')
    .replace(/(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)/g, '[number]')
    .replace(/[A-Za-z0-9_+/=.-]{32,}/g, (run) => (isUuid(run) ? run : '[redacted]'));
}

/** Header fields that prove somebody or something, and would let whoever reads the log do the same. */
export function isSecretField(name: string): boolean {
  return /authorization|cookie|key|token|secret|password|assertion|signature|credential|nhs-?number|identity/i.test(
    name,
  );
}

/** Query parameters that tell who a patient is, or prove a caller. */
export function isPersonalParameter(name: string): boolean {
  const [plain = ''] = name.toLowerCase().split(/[:.]/, 1);
  return personal.has(plain) || isSecretField(plain);
}

const personal: ReadonlySet<string> = new Set([
  'address',
  'address-city',
  'address-postalcode',
  'birthdate',
  'code',
  'death-date',
  'email',
  'family',
  'gender',
  'general-practitioner',
  'given',
  'id',
  'identifier',
  'name',
  'nhsnumber',
  'nhs_number',
  'patient',
  'phone',
  'phonetic',
  'postcode',
  'subject',
  'subscriber',
  'telecom',
]);

function isUuid(text: string): boolean {
  return /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/.test(text);
}
