/** The backlog as pages show it: states in words, an item in a list, and what is wrong with a form of it. */
import { html, type Html } from '../../core/html.ts';
import { backlogKinds, type BacklogItem, type BacklogKind, type BacklogState } from './backlog.ts';
import { nameFaults } from './checks.ts';
import { input, radios, textarea } from './fields.ts';
import type { Fault, Form } from './form.ts';
import { tag, type TagColour } from './parts.ts';

/** What a state means, for readers. */
export const stateMeanings: Readonly<Record<BacklogState, string>> = {
  suggested: 'Waits for a decision whether it is shown',
  idea: 'Wished for; nobody has promised it',
  planned: 'Will be built; when is open',
  'in progress': 'Being built',
  done: 'There to be used',
  declined: 'Will not be built, or is no matter for this list',
};

const colours: Readonly<Record<BacklogState, TagColour>> = {
  suggested: 'yellow',
  idea: 'grey',
  planned: 'blue',
  'in progress': 'blue',
  done: 'green',
  declined: 'red',
};

export function backlogTag(state: BacklogState): Html {
  return tag(capital(state), colours[state]);
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

export function votesText(count: number): string {
  return count === 1 ? '1 vote' : `${count} votes`;
}

/** Title, text and kind, as whoever suggests or edits fills them in. */
export function itemFields(form: Form, item?: BacklogItem): Html {
  const kinds = Object.entries(backlogKinds).map(([value, text]) => ({ value, text }));
  return html`${input(form, { name: 'title', label: 'What is wished for', hint: 'In a few words', value: item?.title ?? '' })}
${radios(form, { name: 'kind', label: 'What is it about', choices: kinds, value: item?.kind ?? '' })}
${textarea(form, { name: 'text', label: 'Who needs it, and what for', hint: 'Nothing about patients', value: item?.text ?? '' })}`;
}

export function kindIn(form: Form): BacklogKind | undefined {
  return (Object.keys(backlogKinds) as BacklogKind[]).find((one) => one === form.get('kind')); // a constant's keys
}

export function itemFaults(form: Form): readonly Fault[] {
  return [
    ...nameFaults(form, 'title', 'what is wished for'),
    ...(kindIn(form) ? [] : [{ field: 'kind', text: 'Say what it is about' }]),
    ...longTextFaults(form, 'text', 'Say who needs it, and what for'),
  ];
}

/** @param missing what is said when there is no text */
export function longTextFaults(form: Form, field: string, missing: string): readonly Fault[] {
  const text = form.get(field);
  if (text === '') return [{ field, text: missing }];
  return text.length > mostText ? [{ field, text: 'Say it in 4,000 characters or fewer' }] : [];
}

/** Characters. */
export const mostText = 4_000;
