/** Scopes in words, for the page of consent. Owns the words; they promise nothing that the rules do not hold. */
import { parseSmartScope, toV2 } from '../../core/smart-scopes.ts';

/** What a scope lets an app do, for the sentence "The application may …". */
export function scopeWords(scope: string): string {
  const parsed = parseSmartScope(toV2(scope));
  if (!parsed) return (Object.hasOwn(plainWords, scope) ? plainWords[scope] : undefined) ?? scope;
  const { level, type, actions, filter } = parsed;
  const doing = actionWords.filter(([letter]) => actions.includes(letter)).map(([, word]) => word);
  const what = (Object.hasOwn(typeWords, type) ? typeWords[type] : undefined) ?? type;
  const whose = level === 'patient' ? 'of the patient' : 'of every patient whom you may see';
  const only =
    filter.length === 0 ? '' : ` where ${filter.map((pair) => pair.join(' is ')).join(' and ')}`;
  return `${doing.join(', ')} ${what} ${whose}${only}`;
}

const typeWords: Readonly<Record<string, string>> = {
  '*': 'everything this server holds',
  Patient: 'demographic details',
  RelatedPerson: 'people to contact',
  Coverage: 'the European Health Insurance Card',
};
const actionWords: readonly (readonly [letter: string, word: string])[] = [
  ['r', 'read'],
  ['s', 'find'],
  ['c', 'create'],
  ['u', 'change'],
  ['d', 'delete'],
];
const plainWords: Readonly<Record<string, string>> = {
  openid: 'know who you are',
  fhirUser: 'know who you are',
  profile: 'know who you are',
  launch: 'know which patient you have open',
  'launch/patient': 'know which patient it works with',
  'launch/encounter': 'know which encounter you have open',
  offline_access: 'keep its access for a while when you are not using it',
  online_access: 'keep its access while you use it',
};
