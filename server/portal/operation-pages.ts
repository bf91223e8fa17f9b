/** The page of one operation: where and how it is called, code for it, its inputs, every answer with examples. */
import { html, type Html } from '../../core/html.ts';
import { Problem } from '../../core/problem.ts';
import { toEnvironment } from '../catalogue/environments.ts';
import type { OpenApiDocument } from '../catalogue/openapi/document.ts';
import { baseOf, entryOf, versionOf } from './api-pages.ts';
import { accessWords, type AccessPattern } from './catalogue-access.ts';
import type { CatalogueEntry, Version } from './catalogue-entries.ts';
import { environmentName } from './app-words.ts';
import type { Hub } from './hub-parts.ts';
import { codeBlock, pageTexts, type Texts } from './markdown.ts';
import { patternsAt, planCall, servingOf, type Serving } from './operation-call.ts';
import { profilesOf } from './operation-profiles.ts';
import { contentSection, pageBudget, parameterTable, responseSections } from './operation-parts.ts';
import { operationOf, type Operation } from './operations.ts';
import { openPage, type Page, type Pages } from './page.ts';
import { code, inset, list, startLink, summaryList, tag } from './parts.ts';
import { languages } from './snippet.ts';

export function operationPages(hub: Hub): Pages {
  return {
    '/catalogue/:api/operations/:operation': openPage({
      async show({ params, query }) {
        const entry = await entryOf(hub, params.api);
        const { specification } = entry.api;
        const document =
          specification === undefined ? undefined : await hub.documentation.document(specification);
        if (!document) throw new Problem('not-found', 'The API has no such operation');
        return operationPage(hub, { entry, document, id: params.operation ?? '', query });
      },
    }),
    '/catalogue/:api/versions/:version/operations/:operation': openPage({
      async show({ params, query }) {
        const found = await versionOf(hub, params.api, params.version);
        return operationPage(hub, { ...found, id: params.operation ?? '', query });
      },
    }),
  };
}

interface Asked {
  readonly entry: CatalogueEntry;
  readonly document: OpenApiDocument;
  readonly version?: Version;
  readonly id: string;
  readonly query: URLSearchParams;
}

function operationPage(hub: Hub, asked: Asked): Page {
  const { entry, document, version, id } = asked;
  const operation = operationOf(document, id);
  if (!operation) throw new Problem('not-found', 'The API has no such operation');
  const { method, path, summary } = operation;
  const { description, inputsAndAnswers } = fixedParts(document, entry, operation);
  return {
    title: summary === '' ? `${method} ${path}` : summary,
    here: 'catalogue',
    back: {
      href: baseOf(entry, version),
      text: version ? `${entry.api.title}, version ${version.name}` : entry.api.title,
    },
    keep: 'revalidate',
    content: html`<p class="hub-call"><strong>${method}</strong> ${code(path)} ${operation.deprecated ? tag('deprecated', 'yellow') : undefined}</p>
<div class="hub-prose">${description}</div>
${contents(operation)}
${callSection(hub, asked, operation)}
${inputsAndAnswers}`,
  };
}

interface FixedParts {
  readonly description: Html;
  readonly inputsAndAnswers: Html;
}

/** What a document says never changes, and is most of the page and its cost: the last ones of each document are kept. */
const keptParts = new WeakMap<OpenApiDocument, Map<string, FixedParts>>();
const mostKept = 30;

function fixedParts(
  document: OpenApiDocument,
  entry: CatalogueEntry,
  operation: Operation,
): FixedParts {
  const kept = keptParts.get(document) ?? new Map<string, FixedParts>();
  keptParts.set(document, kept);
  const known = kept.get(operation.id);
  if (known) return known;
  const texts = pageTexts();
  const budget = pageBudget();
  const { parameters, body, responses } = operation;
  const made = {
    description: texts.block(operation.description, 2),
    inputsAndAnswers: html`<h2 id="inputs">Inputs</h2>
${parameters.length === 0 && !body ? html`<p>It takes none.</p>` : parameterTable(texts, document, parameters)}
${body ? html`<h3>Body${body.required ? ', required' : ', optional'}</h3>${texts.block(body.description, 4)}${body.contents.map((one) => contentSection(texts, document, one, 'Body', budget))}` : undefined}
<h2 id="answers">Answers</h2>
${responseSections(texts, document, responses, budget)}
${profiles(document, entry, operation, texts)}`,
  };
  kept.set(operation.id, made);
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  return made;
}

function contents({ responses }: Operation): Html {
  return html`<nav aria-label="On this page"><ul class="hub-onpage"><li><a href="#call">Call it</a></li><li><a href="#inputs">Inputs</a></li><li><a href="#answers">Answers</a></li>${responses.map(({ status }) => html`<li><a href="#answer-${status}">${status}</a></li>`)}</ul></nav>`;
}

/** What no snippet makes. */
const byHand: ReadonlySet<AccessPattern> = new Set([
  'mailbox',
  'organisation',
  'smartcard',
  'other',
]);

/** Where, with which proof, and the code. What is chosen stands in the query. */
function callSection(hub: Hub, asked: Asked, operation: Operation): Html {
  const { entry, document, query } = asked;
  const all = servingOf(entry.places, document, operation.path);
  const wanted = toEnvironment(query.get('environment') ?? '');
  const serving = all.find(({ place }) => place.environment === wanted) ?? all[0];
  if (!serving)
    return html`<h2 id="call">Call it</h2>${inset('It is not deployed on this platform.')}`;
  const patterns = patternsAt(serving.place, operation);
  const pattern = patterns.find((one) => one === query.get('access')) ?? patterns[0] ?? 'other';
  const language = languages.find(({ id }) => id === query.get('language')) ?? languages[0];
  if (!language) throw new Error('there is no language'); // the list is not empty
  const plan = planCall(operation, serving, pattern, hub.reach);
  const choice = { environment: serving.place.environment, access: pattern, language: language.id };
  const to = (change: Readonly<Record<string, string>>) =>
    `?${new URLSearchParams({ ...choice, ...change }).toString()}#call`;
  return html`<h2 id="call">Call it</h2>
${all.some(({ place }) => place.environment !== 'production') ? startLink(`/try/${entry.api.id}/${operation.id}`, 'Try it') : undefined}
${choices(
  'Environment',
  all.map(({ place }) => ({
    text: environmentName(place.environment),
    href: to({ environment: place.environment, access: '' }),
    current: place === serving.place,
  })),
)}
${choices(
  'Access',
  patterns.map((one) => ({
    text: accessWords[one].title,
    href: to({ access: one }),
    current: one === pattern,
  })),
)}
${summaryList([
  { key: 'Address', value: code(addressOf(hub, serving, pattern)) },
  { key: 'It needs', value: accessWords[pattern].needs },
  ...tokenRows(hub, serving, pattern),
])}
<h3 id="code">Code</h3>
${choices(
  'Language',
  languages.map(({ id, title }) => ({
    text: title,
    href: to({ language: id }),
    current: id === language.id,
  })),
)}
<p>Save it as ${code(language.file)}, put your own values in at the top${plan.access.kind === 'none' ? ' (there are none to put in)' : ''}, run ${code(language.run)}.</p>
${byHand.has(pattern) ? inset('This code holds no proof of the caller: make it as said above, and send it in the header field that the inputs name.') : undefined}
${codeBlock(language.write(plan), `${language.title} code`)}`;
}

function addressOf(hub: Hub, { place, path }: Serving, pattern: AccessPattern): string {
  const certified =
    pattern === 'certificate' ? hub.reach.certified(place.environment, path) : undefined;
  return certified ?? hub.reach(place.environment, path);
}

function tokenRows(
  hub: Hub,
  { place }: Serving,
  pattern: AccessPattern,
): readonly { readonly key: string; readonly value: Html }[] {
  const { environment } = place;
  const token = { key: 'Token address', value: code(hub.reach(environment, '/oauth2/token')) };
  if (pattern === 'app') return [token];
  if (pattern !== 'worker' && pattern !== 'patient') return [];
  return [
    { key: 'Sign-in address', value: code(hub.reach(environment, '/oauth2/authorize')) },
    token,
  ];
}

function choices(
  label: string,
  links: readonly { readonly text: string; readonly href: string; readonly current: boolean }[],
): Html {
  return html`<nav class="hub-choice" aria-label="${label}"><p>${label}</p><ul>${links.map(
    ({ text, href, current }) =>
      html`<li><a href="${href}"${current ? html` aria-current="true"` : undefined}>${text}</a></li>`,
  )}</ul></nav>`;
}

function profiles(
  document: OpenApiDocument,
  { standards }: CatalogueEntry,
  operation: Operation,
  texts: Texts,
): Html | undefined {
  const release = standards.includes('fhir-stu3') ? 'STU3' : 'R4';
  const isFhir = standards.some((one) => one.startsWith('fhir-'));
  const links = isFhir ? profilesOf(document, operation, release) : [];
  if (links.length === 0) return undefined;
  return html`<h2 id="profiles">FHIR resources and profiles</h2>${list(links.map(({ name, href }) => texts.line(`[${name}](${href})`)))}`;
}
