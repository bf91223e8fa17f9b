/** One check of a certificate, told so that a person sees what was expected and what was found. */
export interface Check {
  /** `dates`, `chain`, `key`, `signature`, `usage`, `subject`, `names`, … */
  readonly check: string;
  readonly ok: boolean;
  readonly expected: string;
  readonly found: string;
}

/** @param expected and found read as parts of "… is expected, and … is there" */
export function checked(check: string, ok: boolean, expected: string, found: string): Check {
  return { check, ok, expected, found };
}

/** Those that failed, each as a sentence. */
export function faultsIn(
  checks: readonly Check[],
): { readonly at: string; readonly message: string }[] {
  return checks
    .filter(({ ok }) => !ok)
    .map(({ check, expected, found }) => ({
      at: check,
      message: `${expected} is expected, and there is ${found}`,
    }));
}

/** A time as checks show it. */
export function shownTime(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
