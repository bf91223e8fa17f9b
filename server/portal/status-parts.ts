/** What pages of status share: what they are given, and how an Api is called there. */
import type { Choice } from './fields.ts';
import type { Hub } from './hub-parts.ts';

export type StatusParts = Pick<
  Hub,
  'status' | 'catalogue' | 'clock' | 'store' | 'journal' | 'publicUrl'
>;

/** The name of an Api; its id where the catalogue does not know it any more. */
export function titleOf({ catalogue }: Pick<Hub, 'catalogue'>, api: string): string {
  return catalogue.api(api)?.title ?? api;
}

/** All by their titles. */
export function apiChoices({ catalogue }: Pick<Hub, 'catalogue'>): readonly Choice[] {
  return [...catalogue.apis()]
    .map(({ id, title }) => ({ value: id, text: title }))
    .sort((a, b) => a.text.localeCompare(b.text, 'en'));
}
