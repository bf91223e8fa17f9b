/**
 * A public key that somebody sends by a form: from a file, or pasted. Owns the fields and the reading. A private key is
 * refused, burnt, shown to nobody and kept nowhere.
 */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { fileInput, textarea } from './fields.ts';
import { FormRefused, formOf, type Form } from './form.ts';
import { holdsPrivateKey, keysIn } from './key-text.ts';
import { warning } from './parts.ts';

type Members = Readonly<Record<string, unknown>>;

export const publicHalfOnly = warning(
  'The public half only',
  'Your private key stays with you. Nobody here ever needs it, and nobody will ask for it. One that is sent here is refused and can never be used again.',
);

/** @param takes what kinds of keys, in a sentence */
export function keyFields(shown: Form, takes: string): Html {
  return html`${fileInput(shown, { name: 'file', label: 'File with the public key', hint: `PEM, DER, JWK, a key set (JWKS) or a certificate. ${takes}` })}
${textarea(shown, { name: 'pasted', label: 'Or paste it', hint: 'From -----BEGIN PUBLIC KEY----- to the end, or JSON.', rows: 8 })}`;
}

/** What was pasted is shown again only if it is nobody's secret. */
export function shownAgain(form: Form): Form {
  if (!form.names.some((name) => holdsPrivateKey(form.raw(name)))) return form;
  const left = form.names.filter((name) => !holdsPrivateKey(form.raw(name)));
  const values = new Map(left.map((name) => [name, form.all(name)]));
  return formOf(values.size > 0 ? values : new Map([['sent', ['yes']]]), form.faults);
}

/**
 * The keys that were sent, and in which field. @param register registers a set of it alone: the catalogue refuses a private
 * key and burns what it can read. @throws FormRefused
 */
export async function sentKeys(
  form: Form,
  register: (privateKey: Members) => Promise<unknown>,
): Promise<{ readonly field: string; readonly keys: readonly Members[] }> {
  const file = form.files?.get('file');
  const pasted = form.raw('pasted').trim();
  if (!file && pasted === '')
    throw new FormRefused([{ field: 'file', text: 'Choose a file or paste a key' }]);
  if (file && pasted !== '')
    throw new FormRefused([{ field: 'file', text: 'Choose a file or paste a key, not both' }]);
  const field = file ? 'file' : 'pasted';
  const found = keysIn(file ?? pasted);
  if ('fault' in found) throw new FormRefused([{ field, text: found.fault }]);
  if ('keys' in found) return { field, keys: found.keys };
  // It was sent over the network, and its owner cannot know who has it now.
  if (found.privateKey) await burn(register, { ...found.privateKey, kid: 'private' });
  throw new FormRefused([
    {
      field,
      text: 'This is a private key. It was not kept, but it has left your hands: make a new pair, and send its public half alone',
    },
  ]);
}

async function burn(register: (key: Members) => Promise<unknown>, key: Members): Promise<void> {
  try {
    await register(key);
  } catch (error) {
    if (Problem.from(error).kind !== 'invalid') throw error;
  }
}
