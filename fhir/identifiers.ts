/** Identifier systems and checks that every part of the platform shares. */

export const nhsNumberSystem = 'https://fhir.nhs.uk/Id/nhs-number';
export const odsCodeSystem = 'https://fhir.nhs.uk/Id/ods-organization-code';

/**
 * Whether the text is ten digits that satisfy the modulus 11 check (NHS Data Dictionary, NHS NUMBER).
 * Numbers are not refused by range: test environments use ranges that are never issued.
 */
export function isNhsNumber(text: string): boolean {
  if (text.length !== 10) return false;
  let sum = 0;
  for (let i = 0; i < 10; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return false;
    if (i === 9) return checkDigit(sum) === digit;
    sum += digit * (10 - i);
  }
  return false;
}

/** The tenth digit of nine, or undefined when no number with these nine can exist. */
export function nhsNumberCheckDigit(nine: string): number | undefined {
  let sum = 0;
  for (let i = 0; i < 9; i++) sum += (nine.charCodeAt(i) - 48) * (10 - i);
  const digit = checkDigit(sum);
  return digit === 10 ? undefined : digit;
}

function checkDigit(sum: number): number {
  const digit = 11 - (sum % 11);
  return digit === 11 ? 0 : digit;
}

/** Whether the text has the shape of an ODS code as PDS takes it: 3 to 10 letters and digits. */
export function isOdsCode(text: string): boolean {
  return /^[A-Za-z0-9]{3,10}$/.test(text);
}
