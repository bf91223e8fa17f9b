/**
 * Vectors of trust at NHS login (RFC 8485): a level of identity and means of authentication, and what `vtr` asks for.
 * Owns the grammar and the comparison; a sign-in that meets too little is stepped up in judge.ts.
 */

const levels = ['P0', 'P5', 'P9'] as const;
const credentials = ['Cp.Cd', 'Cp.Ck', 'Cm', 'Cp'] as const;

export type IdentityLevel = (typeof levels)[number];

/** `P9.Cp.Cd`: how far the identity is proved, and how one signed in. */
export type Vector = `${IdentityLevel}.${(typeof credentials)[number]}`;

/** All vectors there are. */
export const knownVectors: readonly Vector[] = levels.flatMap((level) =>
  credentials.map((each) => `${level}.${each}` as const),
);

/** The vector of this text; undefined for a text that is none. */
export function toVector(text: string): Vector | undefined {
  return knownVectors.find((vector) => vector === text);
}

/** The vectors of a `vtr` parameter, a JSON array; undefined when it is none or names an unknown one. */
export function parseVtr(text: string): readonly Vector[] | undefined {
  if (text.length > 500) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const vectors = value.map((each) => (typeof each === 'string' ? toVector(each) : undefined));
  return vectors.every((each) => each !== undefined) ? vectors : undefined;
}

/** `P0`, `P5` or `P9`. */
export function identityLevelOf(vector: Vector): IdentityLevel {
  return levels.find((level) => vector.startsWith(level)) ?? 'P0';
}

/** Whether more than a password was used. */
export function hasSecondFactor(vector: Vector): boolean {
  return !vector.endsWith('.Cp');
}

/** The first of the vectors asked for that a person with this one meets: the one shown as `vot`. */
export function metVector(held: Vector, asked: readonly Vector[]): Vector | undefined {
  if (asked.length === 0) return held;
  const means = held.split('.').slice(1);
  return asked.find(
    (each) =>
      identityLevelOf(each) <= identityLevelOf(held) &&
      each
        .split('.')
        .slice(1)
        .every((part) => means.includes(part)),
  );
}
