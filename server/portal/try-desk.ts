/**
 * A console as it stands: the operation, what was chosen and typed, which keys are kept for it, and the request that comes of
 * it. Owns putting these together; how they look is try-console.ts's.
 */
import { JsonFault, parseJson } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';
import { blankForm, type Fault, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import type { Content } from './operations.ts';
import type { Visit } from './page.ts';
import { isFieldValue, isPathBelow, mostSent } from './relay.ts';
import { actorIn } from './teams.ts';
import { isSignIn } from './try-access.ts';
import { choiceOf, type Choice } from './try-choice.ts';
import { firstBody, type KeptParts } from './try-console.ts';
import type { TryKeys } from './try-keys.ts';
import { triedOf, type Tried } from './try-places.ts';
import type { Proof, TryRequest } from './try-request.ts';
import type { SessionTokens } from './try-tokens.ts';
import {
  fieldsIn,
  fieldsOf,
  filled,
  firstValue,
  valueFaults,
  type TryField,
} from './try-values.ts';

export interface TryParts {
  readonly hub: Hub;
  readonly keys: TryKeys;
  readonly tokens: SessionTokens;
}

export interface Desk {
  readonly tried: Tried;
  readonly choice: Choice;
  readonly form: Form;
  readonly fields: readonly TryField[];
  readonly content: Content | undefined;
  readonly proof: Proof;
  readonly kept: KeptParts;
  readonly faults: readonly Fault[];
  /** Undefined while something is wrong. */
  readonly request: TryRequest | undefined;
}

/** @throws Problem `not-found` */
export async function deskOf(parts: TryParts, visit: Visit, given: Form): Promise<Desk> {
  const { api = '', operation = '' } = visit.params;
  const tried = await triedOf(parts.hub, api, operation);
  if (tried.places.length === 0)
    throw new Problem('not-found', 'The operation runs nowhere where it may be tried');
  const all = fieldsOf(tried.document, tried.operation);
  const contents = tried.operation.body?.contents ?? [];
  const content = contents.find(({ type }) => type === given.get('body_type')) ?? contents[0];
  const form = given.names.length > 0 ? given : firstForm(all, content, given);
  const choice = await choiceOf(parts.hub, visit, tried, form);
  const fields = fieldsIn(choice.place.environment, all);
  const { asid, ...kept } = await keptOf(parts.keys, visit, choice);
  const values = [
    ...valueFaults(tried.document, fields, form),
    ...bodyFaults(tried, content, form),
  ];
  const faults = [...choice.faults, ...values];
  const settled = settledForm(form, choice);
  const desk = { tried, choice, form: settled, fields, content, faults };
  const byToken = choice.access === 'app' || isSignIn(choice.access);
  return {
    ...{ ...desk, kept },
    proof: {
      ...(kept.key === undefined ? {} : { keyHint: kept.key }),
      token: byToken,
      certificate: choice.access === 'certificate',
    },
    request: faults.length > 0 ? undefined : requestOf(parts.hub, desk, asid),
  };
}

/** The drop-downs as they were understood: another environment has other choices. */
function settledForm(form: Form, { place, access, mine, faults }: Choice): Form {
  if (faults.length > 0 || !form.names.includes('access')) return form;
  const settled: Readonly<Record<string, string>> = {
    ...{ environment: place.environment, access },
    ...(mine ? { subscription: mine.subscription.id } : {}),
  };
  const raw = (name: string) => settled[name] ?? form.raw(name);
  return { ...form, raw, get: (name) => raw(name).trim() };
}

function firstForm(fields: readonly TryField[], content: Content | undefined, given: Form): Form {
  const values = Object.fromEntries(fields.map((field) => [field.name, firstValue(field)]));
  const body = content === undefined ? {} : { body: firstBody(content) };
  return { ...blankForm({ ...values, ...body }), faults: given.faults };
}

/** The keys themselves are for the sending. */
async function keptOf(
  keys: TryKeys,
  { me }: Visit,
  { mine, access, place: { environment } }: Choice,
): Promise<KeptParts & { readonly asid?: string }> {
  if (!mine || !me) return {};
  const actor = actorIn(mine.team, me.actor);
  const key = await keys.subscriptionKey(actor, mine.subscription);
  const byToken = access === 'app' || isSignIn(access);
  const signing = byToken ? await keys.signingKey(mine.app, environment) : undefined;
  const identity =
    access === 'certificate' ? await keys.identity(mine.app, environment) : undefined;
  return {
    ...(key === undefined ? {} : { key: key.hint }),
    ...(byToken ? { signing: signing !== undefined } : {}),
    ...(access === 'certificate' ? { certificate: identity !== undefined } : {}),
    ...(identity ? { asid: identity.asid } : {}),
  };
}

function bodyFaults(
  { operation: { body } }: Tried,
  content: Content | undefined,
  form: Form,
): readonly Fault[] {
  if (!body || !content) return [];
  const text = fault(content, form.raw('body'), body.required);
  return text === undefined ? [] : [{ field: 'body', text }];
}

function fault({ type }: Content, text: string, required: boolean): string | undefined {
  if (text.trim() === '') return required ? 'Enter a body' : undefined;
  if (Buffer.byteLength(text) > mostSent) return `A body has at most ${mostSent / 1024} KB here`;
  if (!isFieldValue(type)) return 'The media type of the document cannot be sent';
  if (!/[/+]json\b/.test(type)) return undefined;
  try {
    parseJson(Buffer.from(text), { depth: 64, members: 20_000 });
    return undefined;
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const where = error.path === '' ? '' : ` at ${error.path.slice(0, 100)}`;
    return `The body is no sound JSON: ${error.kind}${where}`;
  }
}

/** The request that the values make; undefined when the document's own path cannot be sent. */
function requestOf(
  { tryIt }: Hub,
  {
    tried,
    choice,
    form,
    fields,
    content,
  }: Pick<Desk, 'tried' | 'choice' | 'form' | 'fields' | 'content'>,
  asid: string | undefined,
): TryRequest | undefined {
  const { operation, api } = tried;
  const { path, headers } = filled(choice.place.below, fields, form);
  if (!isPathBelow(path)) return undefined;
  const { environment, definition } = choice.place;
  const found = operation.responses.find(({ status }) => status.startsWith('2'))?.contents[0]?.type;
  const text = form.raw('body');
  const body = content === undefined || text.trim() === '' ? undefined : text;
  const address = choice.access === 'certificate' ? tryIt.mutualAddress : tryIt.address;
  return {
    ...{ environment, api: api.id, base: definition.base, method: operation.method, path },
    headers: [
      ['Accept', found !== undefined && isFieldValue(found) && found !== '' ? found : '*/*'],
      ...(body === undefined || !content ? [] : [['Content-Type', content.type] as const]),
      // The certificate proves the system, and this says which of its names it goes by.
      ...(asid === undefined || asid === '' ? [] : [['NHSD-ASID', asid] as const]),
      ...headers,
    ],
    ...(body === undefined ? {} : { body }),
    url: address(environment, definition.base + path),
  };
}
