/** A map that never grows beyond a bound: what comes after that shares the place of one stand-in. Owns nothing of labels. */

/**
 * The value kept under a key; `make` makes it at first need. Once there are `most`, a new key gets what is kept under
 * `standIn`.
 */
export function few<V>(
  map: Map<string, V>,
  key: string,
  most: number,
  make: (key: string) => V,
  standIn = 'other',
): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const name = map.size < most ? key : standIn;
  let value = map.get(name);
  if (value === undefined) map.set(name, (value = make(name)));
  return value;
}
