/** Keys by which the newest documents are found first. Owns their form. */

/** The part of a key: an index is read upwards only, and what is old must not hide what is new. */
export function newestPart(time: number): string {
  return String(1e15 - time).padStart(16, '0');
}
