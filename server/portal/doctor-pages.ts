/**
 * The assertion doctor as a page: a token goes in, every rule comes out with what was expected and found. The token is not
 * shown again, kept or logged. Owns the page; what is found is the doctor's.
 */
import { html, type Html } from '../../core/html.ts';
import { environments, toEnvironment } from '../catalogue/environments.ts';
import { mustNotExceed } from './attempts.ts';
import type { DoctorFinding, DoctorTold } from './explain-ports.ts';
import { button, formOn, input, select, textarea } from './fields.ts';
import { FormRefused, type Form } from './form.ts';
import type { Hub } from './hub-parts.ts';
import { openPage, type Page, type Pages, type Visit } from './page.ts';
import { code, inset, list, table, tag, type TagColour } from './parts.ts';
import { block } from './try-answer.ts';

export function doctorPages(hub: Hub): Pages {
  return {
    '/explain/token': openPage({
      show: (visit, form) => pageOf(visit, form),
      act: (visit, form) => examine(hub, visit, form),
    }),
  };
}

const back = { href: '/explain', text: 'Back to Explain' };
const kinds = [
  { value: '', text: 'Find out' },
  { value: 'client_assertion', text: 'A client assertion (signed JWT)' },
  { value: 'id_token', text: 'An id_token' },
  { value: 'access_token', text: 'An access token' },
];
const faces = ['/oauth2', '/oauth2-mock', '/smart', '/management'];

async function examine(hub: Hub, visit: Visit, form: Form): Promise<Page> {
  const token = form.get('token');
  const environment = toEnvironment(form.get('environment'));
  if (token === '') throw new FormRefused([{ field: 'token', text: 'Paste a token' }]);
  if (token.length > 32_000)
    throw new FormRefused([{ field: 'token', text: 'That is longer than any token' }]);
  if (!environment)
    throw new FormRefused([{ field: 'environment', text: 'Choose an environment' }]);
  await mustNotExceed(hub, [
    { key: 'hub-doctor', from: visit.call.address, limit: 30, minutes: 1 },
  ]);
  const [kind, face, clientId] = ['kind', 'face', 'client'].map((name) => form.get(name));
  const told = await hub.explain.examine({
    ...{ token, environment },
    ...(kind ? { kind } : {}),
    ...(face ? { face } : {}),
    ...(clientId ? { clientId: clientId.slice(0, 200) } : {}),
  });
  return pageOf(visit, form, reportView(told));
}

function pageOf(visit: Visit, form: Form, report?: Html): Page {
  return {
    ...{ title: 'Assertion doctor', here: 'explain', back, form },
    content: html`<p>Give it a token as you send it. It runs every rule instead of stopping at the first that fails, and says what would have been right. The token is neither kept nor logged, and is not used up.</p>
${report}
${formOn(
  visit,
  html`${textarea(withoutToken(form), { name: 'token', label: 'Token', rows: 6 })}
${select(form, { name: 'environment', label: 'Where it is to be used', value: 'sandbox', choices: environments.map((value) => ({ value, text: value })) })}
${select(form, { name: 'kind', label: 'What it is', choices: kinds })}
${select(form, { name: 'face', label: 'Token endpoint of', choices: [{ value: '', text: 'The one it names' }, ...faces.map((value) => ({ value, text: value }))] })}
${input(form, { name: 'client', label: 'Client id of your app (for an id_token)' })}
${button('Examine the token')}`,
)}`,
  };
}

/** A token is a secret: it goes to no page. */
function withoutToken(form: Form): Form {
  return { ...form, raw: (name) => (name === 'token' ? '' : form.raw(name)) };
}

const colours: Readonly<Record<DoctorFinding['result'], TagColour>> = {
  ...{ pass: 'green', fail: 'red', 'not checked': 'grey' },
};

function reportView({ findings, verdict, ...told }: DoctorTold): Html {
  const { kind, environment, face, clock, guessed, header, claims, corrected, notes } = told;
  const failure = verdict.firstFailure;
  const rows = findings.map(({ rule, result, says, ...more }) => [
    rule,
    tag(result, colours[result]),
    html`${ticked(says)}${foundOf(more)}`,
  ]);
  return html`<section aria-labelledby="report"><h2 id="report">${verdict.wouldPass ? 'It would be accepted' : 'It would be refused'}</h2>
${failure ? inset(html`The endpoint would answer ${code(failure.error)}: ${failure.description}. The rule is ${code(failure.rule)}.`) : undefined}
<p>Judged as ${kind.replaceAll('_', ' ')} for ${environment}, ${face}, at ${clock.time} (${clock.seconds} by our clock). ${guessed}</p>
${table('Every rule in the order in which the endpoint looks', ['Rule', 'Result', 'What it says'], rows)}
${notes.length > 0 ? list(notes) : undefined}
${header ? html`<h3>Header</h3>${block('Header of the token', pretty(header))}` : undefined}
${claims ? html`<h3>Claims</h3>${block('Claims of the token', pretty(claims))}` : undefined}
${corrected && !verdict.wouldPass ? html`<h3>What would be accepted</h3>${block('A header and claims that would be accepted', pretty(corrected))}` : undefined}</section>`;
}

function foundOf({
  expected,
  found,
  error,
}: Pick<DoctorFinding, 'expected' | 'found' | 'error'>): Html | undefined {
  if (expected === undefined && found === undefined) return undefined;
  const parts = [
    ...(expected === undefined ? [] : [html`expected ${code(expected)}`]),
    ...(found === undefined ? [] : [html`found ${code(found)}`]),
    ...(error === undefined ? [] : [html`answers ${code(error)}`]),
  ];
  return html`<br />${parts.map((part, i) => (i === 0 ? part : html`, ${part}`))}`;
}

/** Words between backticks are those of the token. */
function ticked(text: string): Html {
  return html`${text.split('`').map((part, i) => (i % 2 === 1 ? code(part) : html`${part}`))}`;
}

function pretty(value: object): string {
  return JSON.stringify(value, undefined, 2);
}
