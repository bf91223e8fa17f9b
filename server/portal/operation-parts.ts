/** Inputs and answers of an operation as tables and sections, examples in boxes that scroll by themselves. */
import { html, type Html } from '../../core/html.ts';
import type { OpenApiDocument } from '../catalogue/openapi/document.ts';
import { codeBlock, type Texts } from './markdown.ts';
import { exampleText, type Content, type Parameter, type Response } from './operations.ts';
import { code, table, tag } from './parts.ts';
import { schemaRows, typeOfSchema, type SchemaRow } from './schema-table.ts';

const places: readonly (readonly [Parameter['in'], string])[] = [
  ['path', 'In the path'],
  ['query', 'In the query'],
  ['header', 'Header fields'],
  ['cookie', 'Cookies'],
];

/** A table for each place that parameters stand in. */
export function parameterTable(
  texts: Texts,
  document: OpenApiDocument,
  parameters: readonly Parameter[],
): Html {
  return html`${places.flatMap(([place, title]) => {
    const those = parameters.filter((one) => one.in === place);
    if (those.length === 0) return [];
    const rows = those.map((one) => parameterRow(texts, document, one));
    return [table(title, ['Name', 'Type', 'Meaning', 'Example'], rows)];
  })}`;
}

function parameterRow(
  texts: Texts,
  document: OpenApiDocument,
  { name, required, deprecated, description, schema, examples }: Parameter,
): readonly Html[] {
  const { type, rules } = typeOfSchema(document, schema);
  const shown = rules.filter((one) => !one.startsWith('example: '));
  return [
    html`${code(name)} ${marks(required, deprecated)}`,
    html`${[type, ...shown].join('; ')}`,
    texts.line(description),
    html`${examples.slice(0, 3).map((one) => code(cut(exampleText(one), 300)))}`,
  ];
}

function marks(required: boolean, deprecated: boolean): Html {
  return html`${required ? tag('required', 'blue') : undefined}${deprecated ? html` ${tag('deprecated', 'yellow')}` : undefined}`;
}

function spent(budget: PageBudget, text: string): string {
  budget.characters -= text.length;
  return budget.characters < 0 ? 'It is in the document.' : text;
}

const mostText = 60_000;

function cut(text: string, most = mostText): string {
  return text.length > most ? `${text.slice(0, most)}\n… cut: the rest is in the document` : text;
}

/** What one page shows at most, whatever its document holds: rows of members, characters of examples. */
export interface PageBudget {
  rows: number;
  characters: number;
}

export function pageBudget(): PageBudget {
  return { rows: 3_000, characters: 1_000_000 };
}

/** A body in one media type: what it is made of, and examples. */
export function contentSection(
  texts: Texts,
  document: OpenApiDocument,
  { type, schema, examples, sampled }: Content,
  what: string,
  budget: PageBudget,
): Html {
  if (budget.rows <= 0 || budget.characters <= 0)
    return html`<p>As ${code(type)}; what it is made of is in the document.</p>`;
  const members = schema === undefined ? undefined : schemaRows(document, schema);
  budget.rows -= members?.rows.length ?? 0;
  return html`<p>As ${code(type)}</p>
${members && members.rows.length > 0 ? memberTable(texts, `${what}: ${type}`, members.rows, members.cut) : undefined}
${examples.map((one) => {
  const title =
    [one.name, one.summary].filter((text) => text !== '').join(': ') || `${what} example`;
  const told = sampled ? `${title}, made from the schema` : title;
  return html`<details class="nhsuk-details"><summary class="nhsuk-details__summary"><span class="nhsuk-details__summary-text">${told}</span></summary><div class="nhsuk-details__text">${codeBlock(spent(budget, cut(exampleText(one))), `${what}, ${told}`)}</div></details>`;
})}`;
}

function memberTable(
  texts: Texts,
  caption: string,
  rows: readonly SchemaRow[],
  isCut: boolean,
): Html {
  const shown = rows.filter(
    ({ path, description, rules }) =>
      path !== '' || description !== '' || rules.length > 0 || rows.length === 1,
  );
  return html`<details class="nhsuk-details"><summary class="nhsuk-details__summary"><span class="nhsuk-details__summary-text">Members of the ${caption}</span></summary><div class="nhsuk-details__text">
${table(
  `Members: ${caption}`,
  ['Member', 'Type', 'Meaning'],
  shown.map(({ path, type, required, deprecated, description, rules }) => [
    html`${code(path === '' ? '(the whole)' : path)} ${marks(required, deprecated)}`,
    html`${[type, ...rules].join('; ')}`,
    texts.line(description),
  ]),
)}${isCut ? html`<p>What lies deeper is in the document.</p>` : undefined}</div></details>`;
}

/** Every answer, in the order of the document. */
export function responseSections(
  texts: Texts,
  document: OpenApiDocument,
  responses: readonly Response[],
  budget: PageBudget,
): Html {
  return html`${responses.map(
    ({
      status,
      description,
      headers,
      contents,
    }) => html`<section class="hub-answer"><h3 id="answer-${status}">${status}</h3>
${texts.block(description, 4)}
${
  headers.length === 0
    ? undefined
    : table(
        `Header fields of ${status}`,
        ['Name', 'Type', 'Meaning'],
        headers.map((one) => parameterRow(texts, document, one).slice(0, 3)),
      )
}
${contents.map((one) => contentSection(texts, document, one, `Answer ${status}`, budget))}</section>`,
  )}`;
}
