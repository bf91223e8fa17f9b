/**
 * The console of an operation as a form: where, how one is let in, values, body, and beside them the exact request. Works
 * without script; assets/try.js sends the same form and takes the same parts out of the answer. Owns its markup.
 */
import { html, type Html } from '../../core/html.ts';
import { environmentName } from './app-words.ts';
import {
  button,
  checkboxes,
  formOn,
  input,
  select,
  textarea,
  type Choice as Option,
} from './fields.ts';
import type { Form } from './form.ts';
import type { Visit } from './page.ts';
import { inset, list, warning } from './parts.ts';
import { accessWords, isSignIn } from './try-access.ts';
import { block } from './try-answer.ts';
import type { Choice } from './try-choice.ts';
import type { TryField } from './try-values.ts';
import { exampleText, type Content, type Operation } from './operations.ts';
import { commandText, keyField, requestText, type Proof, type TryRequest } from './try-request.ts';

export interface ConsoleParts {
  readonly operation: Operation;
  readonly fields: readonly TryField[];
  readonly choice: Choice;
  readonly form: Form;
  /** Which keys are kept for the chosen app. */
  readonly kept: KeptParts;
  readonly places: readonly Option[];
  readonly content: Content | undefined;
  /** Undefined while the values do not make a request. */
  readonly request: TryRequest | undefined;
  readonly proof: Proof;
  /** The answer, or why there is none. */
  readonly answer: Html | undefined;
}

/** What is kept of the chosen subscription and its app; undefined where it is not needed. */
export interface KeptParts {
  readonly key?: string;
  readonly signing?: boolean;
  readonly certificate?: boolean;
}

export function consoleView(visit: Visit, parts: ConsoleParts): Html {
  const { operation, fields, choice, form, answer } = parts;
  return html`${operation.summary === '' ? undefined : html`<p class="nhsuk-lede-text">${operation.summary}</p>`}
<p class="nhsuk-u-visually-hidden" role="status" id="try-live"></p>
${formOn(
  visit,
  html`<section aria-labelledby="try-where"><h2 id="try-where">Where and as whom</h2>
<div id="try-choices">${choices(visit, parts)}</div></section>
${fields.length === 0 ? undefined : html`<section aria-labelledby="try-values"><h2 id="try-values">Values</h2>${fields.map((field) => valueField(form, field))}</section>`}
${bodyFields(parts)}
<div class="hub-buttons">${button('Send')}${button('Check without sending', 'secondary', 'preview')}</div>`,
)}
<section id="try-answer" class="hub-answer"${answer === undefined ? html` hidden` : undefined}>${answer}</section>
<section id="try-request" aria-labelledby="try-request-heading"><h2 id="try-request-heading">Request</h2>${requestView(choice, parts)}</section>`;
}

function choices(visit: Visit, { choice, form, kept, places }: ConsoleParts): Html {
  const { accesses, access, subscriptions, mine, place, testUsers } = choice;
  const named = subscriptions.map(({ subscription, product, app }) => ({
    value: subscription.id,
    text: `${app.name}: ${product.name}`,
  }));
  return html`${select(form, { name: 'environment', label: 'Environment', value: place.environment, choices: places })}
${
  visit.me
    ? named.length > 0
      ? select(form, {
          ...{ name: 'subscription', label: 'Subscription', value: mine?.subscription.id ?? '' },
          hint: 'The app that calls, and by which product.',
          choices: [...named, { value: '', text: 'None' }],
        })
      : html`<p>No app of your teams has a subscription to this API in ${environmentName(place.environment)}.</p>`
    : undefined
}
${select(form, {
  ...{ name: 'access', label: 'Authorisation', value: access },
  choices: accesses.map((value) => ({ value, text: accessWords[value] })),
})}
${
  isSignIn(access) && testUsers[0]
    ? html`<input type="hidden" name="test_user_shown" value="yes" />${checkboxes(
        testUserForm(form),
        {
          ...{ name: 'test_user', label: 'Who signs in' },
          choices: [
            {
              value: 'yes',
              text: 'Use a test user',
              hint: `${testUsers[0].name}, ${testUsers[0].username}, ${testUsers[0].level}. Without the tick you sign in yourself, as whoever you choose.`,
            },
          ],
        },
      )}`
    : undefined
}
${button('Show the choices for this', 'secondary', 'choose')}
${ungivenView(choice)}
${visit.me ? keptView(choice, kept) : html`${inset('You are signed out: calls are open ones, without an app, in what all visitors share.')}${button('Sign in to call with your own app', 'link', 'sign_in')}`}`;
}

/** What no subscription of the app gives is refused with the token; here is which Product would give it. */
function ungivenView({ mine, access, ungiven, place: { environment } }: Choice): Html | undefined {
  if (!mine || ungiven.length === 0) return undefined;
  const query = (product: string) =>
    new URLSearchParams({ app: mine.app.id, product, environment }).toString();
  const links = ungiven.map(
    ({ id, name }) => html`<a href="/subscriptions/new?${query(id)}">${name}</a>`,
  );
  return html`<div class="hub-kept"><p>${mine.app.name} has no subscription in ${environmentName(environment)} that gives this: ${accessWords[access]}. The token will be refused. Subscribe it to</p>${list(links)}</div>`;
}

/** Ticked where nothing was chosen yet. */
function testUserForm(form: Form): Form {
  if (form.names.includes('test_user_shown')) return form;
  return { ...form, all: (name) => (name === 'test_user' ? ['yes'] : form.all(name)) };
}

function keptView(
  { mine, access }: Choice,
  { key, signing, certificate }: KeptParts,
): Html | undefined {
  if (!mine)
    return access === 'none'
      ? undefined
      : warning('A subscription is needed', 'Choose the app that calls.');
  const keyLine =
    key === undefined
      ? html`<p>No subscription key is kept here for this subscription, so none is sent. A new one takes the second slot; the one before it works for another 24 hours.</p>${button('Make a subscription key', 'secondary', 'make_key')}`
      : html`<p>Sent as <code class="hub-code">${keyField}: ${key}</code>, the rest of the key is masked.</p>`;
  return html`<div class="hub-kept">${keyLine}
${signing === false ? html`<p>No signing key of this app is kept here, and a token takes one. Its public half is registered with the app.</p>${button('Make a signing key', 'secondary', 'make_signing')}` : undefined}
${signing === true ? html`<p>The token is got by the server with a key that is kept here. It never comes to this browser.</p>` : undefined}
${certificate === false ? html`<p>No client certificate of this app is kept here.</p>${button('Make a client certificate', 'secondary', 'make_certificate')}` : undefined}
${certificate === true ? html`<p>The connection is proved with the certificate that was made for this app.</p>` : undefined}</div>`;
}

function valueField(form: Form, { name, parameter, choices }: TryField): Html {
  const { in: place, required, description } = parameter;
  const where = { path: 'in the path', query: 'query', header: 'header', cookie: 'cookie' }[place];
  const label = `${parameter.name} (${where}${required ? '' : ', optional'})`;
  const byItself = /^x-request-id$/i.test(parameter.name) ? 'Left empty, a fresh one is sent.' : '';
  const hint = `${plain(description)} ${byItself}`.trim();
  const common = { name, label, ...(hint === '' ? {} : { hint }) };
  if (choices.length > 0)
    return select(form, {
      ...common,
      choices: [
        { value: '', text: required ? 'Choose' : 'Not sent' },
        ...choices.map((value) => ({ value, text: value })),
      ],
    });
  return input(form, { ...common, type: 'search' });
}

/** The first line of a Markdown text, without its marks. */
function plain(text: string): string {
  const [line = ''] = text.trim().split('\n', 1);
  return line
    .replace(
      /`([^`]{0,200})`|\*\*?([^\s*`][^*`]{0,200})\*\*?|\[([^\]]{0,200})\]\([^)]{0,500}\)/g,
      '$1$2$3',
    )
    .slice(0, 300);
}

function bodyFields({ operation: { body }, content, form }: ConsoleParts): Html | undefined {
  if (!body || !content) return undefined;
  const types = body.contents.map(({ type }) => ({ value: type, text: type }));
  const examples = content.examples.map(({ name, summary }, i) => ({
    value: String(i + 1),
    text: summary || name || `Example ${i + 1}`,
  }));
  return html`<section aria-labelledby="try-body"><h2 id="try-body">Body</h2>
${types.length > 1 ? select(form, { name: 'body_type', label: 'Media type', value: content.type, choices: types }) : html`<p>Sent as <code class="hub-code">${content.type}</code>.</p>`}
${examples.length > 1 ? html`${select(form, { name: 'example', label: 'Example', value: '1', choices: examples })}${button('Put this example into the body', 'secondary', 'use_example')}` : undefined}
${textarea(form, { name: 'body', label: 'Body', rows: 14, ...(body.required ? {} : { hint: 'May be left empty.' }) })}</section>`;
}

/** The body that stands there at first. */
export function firstBody(content: Content | undefined, index = 0): string {
  const example = content?.examples[index] ?? content?.examples[0];
  return example ? exampleText(example) : '';
}

function requestView({ access }: Choice, { request, proof }: ConsoleParts): Html {
  if (!request) return html`<p>Put the values right to see the request.</p>`;
  return html`${block('The request', requestText(request, proof))}
<h3>As a command</h3>
${block('The request as a command', commandText(request, proof))}
${access === 'none' ? undefined : html`<p>How to get a token or certificate of your own: <a href="/security">a tutorial for each security pattern</a>. Refused: <a href="/explain">find out why</a>.</p>`}`;
}
