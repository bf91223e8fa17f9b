/**
 * Authentication assurance at CIS2: what one signs in with, the level it gives, and what `acr_values` asks for.
 * Owns the table; what follows from it for a sign-in is decided in judge.ts.
 */

/** What one signs in with; the value of `amr`. */
export type Means =
  'N3_SMARTCARD' | 'CIS2_SMARTCARD' | 'FIDO2' | 'IOS' | 'TOTP' | 'NHSMAIL' | 'USERPASS';

export type Level = 1 | 2 | 3;

const levels: Readonly<Record<Means, Level>> = {
  N3_SMARTCARD: 3,
  CIS2_SMARTCARD: 3,
  FIDO2: 3,
  IOS: 3,
  TOTP: 2,
  NHSMAIL: 2,
  USERPASS: 1,
};

const ofLevel = (...wanted: readonly Level[]) =>
  (Object.keys(levels) as Means[]).filter((means) => wanted.includes(levels[means])); // keys of the constant above

/** What each value of `acr_values` lets one sign in with. */
const acrs: ReadonlyMap<string, readonly Means[]> = new Map<string, readonly Means[]>([
  ['AAL3_ANY', ofLevel(3)],
  ['AAL2_OR_AAL3_ANY', ofLevel(3, 2)],
  ['AAL2_ANY', ofLevel(2)],
  ['AAL1_USERPASS', ['USERPASS']],
  ['AAL3_IOS', ['IOS']],
  ['AAL3_FIDO2', ['FIDO2']],
  ['AAL3_N3_SMARTCARD', ['N3_SMARTCARD']],
  ['AAL3_CIS2_SMARTCARD', ['CIS2_SMARTCARD']],
  ['AAL3_SMARTCARD', ['N3_SMARTCARD', 'CIS2_SMARTCARD']],
  ['AAL2_TOTP', ['TOTP']],
  ['AAL2_NHSMAIL', ['NHSMAIL']],
]);

/** All values of `acr_values`. */
export const knownAcrs: readonly string[] = [...acrs.keys()];

/** The `acr` of a sign-in for which none was asked. */
const usual: Readonly<Record<Level, string>> = {
  3: 'AAL3_ANY',
  2: 'AAL2_ANY',
  1: 'AAL1_USERPASS',
};

/** How somebody signed in. */
export interface Assurance {
  readonly acr: string;
  readonly means: Means;
  readonly level: Level;
}

/** The assurance of a sign-in with one of these means, the best first; undefined when none of what is asked can be met. */
export function assuranceOf(
  held: readonly Means[],
  asked: readonly string[],
): Assurance | undefined {
  const best = [...held].sort((a, b) => levels[b] - levels[a]);
  if (asked.length === 0) {
    const [means] = best;
    return means && { acr: usual[levels[means]], means, level: levels[means] };
  }
  for (const acr of asked) {
    const means = best.find((each) => acrs.get(acr)?.includes(each));
    if (means) return { acr, means, level: levels[means] };
  }
  return undefined;
}

/** What a person holds: the own means, and those below their level, which everybody has. */
export function heldMeans(own: readonly Means[], level: Level): readonly Means[] {
  return [...own, ...ofLevel(1, 2).filter((means) => levels[means] < level)];
}

/** What one holds who is to sign in at just this level: the own means of that level, else the commonest. */
export function meansAt(own: readonly Means[], level: Level): readonly Means[] {
  const fitting = own.filter((means) => levels[means] === level);
  return fitting.length > 0 ? fitting : ofLevel(level).slice(0, 1);
}
