/** What pages of status share: what they are given, and how an Api is called there. */
import type { Hub } from './hub-parts.ts';

export type StatusParts = Pick<
  Hub,
  'status' | 'catalogue' | 'clock' | 'store' | 'journal' | 'publicUrl'
>;

/** The name of an Api; its id where the catalogue does not know it any more. */
export function titleOf({ catalogue }: Pick<Hub, 'catalogue'>, api: string): string {
  return catalogue.api(api)?.title ?? api;
}
