/** Interfaces without an OpenAPI document on pages: tables of interactions, fields, examples, and what an example is made of. */
import { html, type Html } from '../../core/html.ts';
import {
  childElements,
  parseXml,
  textOf,
  usualXmlLimits,
  XmlFault,
  type XmlElement,
} from '../../core/xml.ts';
import type { MessageDocumentation, MessageExample, MessageInteraction } from './api-messages.ts';
import { codeBlock, type Texts } from './markdown.ts';
import { code, table } from './parts.ts';

/** All interactions, a table for each group, and the examples that belong to none. */
export function interactionTables(
  texts: Texts,
  { introduction, interactions, examples }: MessageDocumentation,
  base: string,
): Html {
  const groups = new Map<string, MessageInteraction[]>();
  for (const one of interactions) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  return html`<h2 id="messages">Messages</h2><div class="hub-prose">${texts.block(introduction, 3)}</div>
${[...groups].map(([group, ones]) =>
  table(
    group,
    ['Interaction', 'What it does', 'How it is exchanged'],
    ones.map(({ id, name, title, pattern, examples: own }) => [
      html`<a href="${base}/interactions/${id}" class="hub-code">${name}</a>`,
      html`${title}${own.length > 0 ? html`${title === '' ? '' : ', '}with examples` : undefined}`,
      pattern,
    ]),
  ),
)}
${examples.length === 0 ? undefined : html`<h3 id="examples">Whole messages</h3>${examples.map((one) => exampleOf(one, base))}`}`;
}

/** An example with its download. */
export function exampleOf({ file, title, text, type }: MessageExample, base: string): Html {
  return html`<details class="nhsuk-details"><summary class="nhsuk-details__summary"><span class="nhsuk-details__summary-text">${title}</span></summary>
<div class="nhsuk-details__text"><p><a href="${base}/examples/${file}">Download ${file}</a> (${type})</p>${codeBlock(text, title)}</div></details>`;
}

/** The elements of an XML example with what they hold, as a table; nothing for what is no XML. */
export function elementTable(example: MessageExample): Html | undefined {
  if (!example.type.includes('xml')) return undefined;
  if (!tables.has(example)) tables.set(example, made(example));
  return tables.get(example);
}

/** Examples never change. */
const tables = new WeakMap<MessageExample, Html | undefined>();

function made({ title, text }: MessageExample): Html | undefined {
  const rows = elementsOf(text);
  if (rows.length === 0) return undefined;
  return table(
    `What it is made of: ${title}`,
    ['Element', 'Attributes', 'Value'],
    rows.map(({ path, attributes, value }) => [code(path), attributes, value]),
  );
}

interface ElementRow {
  readonly path: string;
  readonly attributes: string;
  readonly value: string;
}

const mostRows = 150;

/** Elements in the order of their first appearance, each path once. */
function elementsOf(text: string): readonly ElementRow[] {
  const rows = new Map<string, ElementRow>();
  const walk = (element: XmlElement, above: string): void => {
    const path = above === '' ? element.name : `${above}/${element.name}`;
    const children = childElements(element);
    if (!rows.has(path) && rows.size < mostRows)
      rows.set(path, {
        path,
        attributes: element.attributes
          .filter(({ prefix, name }) => prefix !== 'xmlns' && name !== 'xmlns')
          .map(({ name, value }) => `${name}=${value.slice(0, 80)}`)
          .join(', '),
        value: children.length === 0 ? textOf(element).trim().slice(0, 120) : '',
      });
    for (const child of children) walk(child, path);
  };
  try {
    walk(parseXml(text, usualXmlLimits), '');
  } catch (error) {
    if (error instanceof XmlFault) return [];
    throw error;
  }
  return [...rows.values()];
}
