/**
 * The rules of publishing, and every place in a document where each is asked. `required` rules must hold everywhere; the
 * others count into the score. Owns the rules of document and operations; those of contents are in judge-contents.ts.
 */
import {
  below,
  isObject,
  listOf,
  objectOf,
  operationsOf,
  resolve,
  textOf,
  type ApiOperation,
  type OpenApiDocument,
} from './document.ts';
import { contentVerdicts } from './judge-contents.ts';
import { referenceVerdicts, textVerdicts } from './judge-safety.ts';
import { says, verdict, type Verdict } from './verdict.ts';

export function verdictsOf(document: OpenApiDocument): readonly Verdict[] {
  const operations = operationsOf(document);
  return [
    ...ofDocument(document),
    ...ofPaths(document),
    ...ofIds(operations),
    ...operations.flatMap((operation) => ofOperation(document, operation)),
    ...contentVerdicts(document, operations),
    ...textVerdicts(document),
    ...referenceVerdicts(document),
  ];
}

function ofDocument({ info, servers, tags }: OpenApiDocument): readonly Verdict[] {
  const contact = objectOf(info.contact);
  const placeholder = !/^v?\d/.test(info.version);
  return [
    verdict(
      says(info.title) && info.title !== 'Untitled API',
      'title',
      '/info/title',
      'say what the API is called',
      true,
    ),
    verdict(
      !placeholder && info.version !== '0',
      'version',
      '/info/version',
      'give a version that begins with a number',
      true,
    ),
    verdict(
      says(info.description),
      'description',
      '/info/description',
      'describe what the API is for',
      true,
    ),
    verdict(
      says(contact.email) || says(contact.url),
      'contact',
      '/info/contact',
      'name an e-mail address or a page for questions',
    ),
    verdict(listOf(servers).length > 0, 'servers', '/servers', 'list where the API runs'),
    ...listOf(tags).map((tag, i) =>
      verdict(
        says(objectOf(tag).description),
        'tag-description',
        below('/tags', i),
        'describe the tag',
      ),
    ),
  ];
}

/** Two templates that differ by the names of their parameters only are one path (OpenAPI 3.1, 4.8.8.1). */
function ofPaths({ paths }: OpenApiDocument): readonly Verdict[] {
  const seen = new Set<string>();
  return Object.keys(paths)
    .filter((path) => !path.startsWith('x-'))
    .flatMap((path) => {
      const plain = path.replace(/\{[^{}]*\}/g, '{}');
      const isNew = !seen.has(plain);
      seen.add(plain);
      const at = below('/paths', path);
      return [
        verdict(
          isNew,
          'paths-unique',
          at,
          'two paths differ in the names of their parameters only',
          true,
        ),
        verdict(path.startsWith('/'), 'path-slash', at, 'a path begins with a slash', true),
        verdict(
          !/[?#]|.\/$/.test(path),
          'path-plain',
          at,
          'a path has no query and no slash at its end',
        ),
      ];
    });
}

function ofIds(operations: readonly ApiOperation[]): readonly Verdict[] {
  const seen = new Set<string>();
  return operations.flatMap(({ object, pointer }) => {
    const id = textOf(object.operationId);
    const isNew = id === undefined || !seen.has(id);
    if (id !== undefined) seen.add(id);
    return [
      verdict(says(id), 'operation-id', below(pointer, 'operationId'), 'give the operation an id'),
      verdict(
        isNew,
        'operation-id-unique',
        below(pointer, 'operationId'),
        'another operation has this id',
        true,
      ),
    ];
  });
}

function ofOperation(document: OpenApiDocument, operation: ApiOperation): readonly Verdict[] {
  const { object, pointer, parameters, path } = operation;
  const responses = objectOf(object.responses);
  const statuses = Object.keys(responses);
  const errors = statuses.some((status) => /^([45]|default$)/.test(status));
  const named = [...path.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name);
  return [
    verdict(
      says(object.summary),
      'operation-summary',
      below(pointer, 'summary'),
      'sum the operation up in a line',
    ),
    verdict(
      says(object.description),
      'operation-description',
      below(pointer, 'description'),
      'describe the operation',
    ),
    verdict(
      listOf(object.tags).length > 0,
      'operation-tags',
      below(pointer, 'tags'),
      'put the operation under a tag',
    ),
    verdict(
      statuses.some((status) => /^[23]/.test(status)),
      'success-response',
      below(pointer, 'responses'),
      'describe the answer to a call that succeeds',
      true,
    ),
    verdict(
      errors,
      'error-responses',
      below(pointer, 'responses'),
      'describe at least one refusal',
    ),
    ...securityOf(document, operation),
    ...named.map((name) =>
      verdict(
        parameters.some((one) => one.in === 'path' && one.name === name),
        'path-parameters',
        pointer,
        'describe every parameter of the path',
        true,
      ),
    ),
    ...parameters.map((one) =>
      verdict(
        says(one.description),
        'parameter-description',
        below(pointer, `parameters (${String(one.name)})`),
        'describe the parameter',
      ),
    ),
    ...parameters.map((one) =>
      verdict(
        one.schema !== undefined || one.content !== undefined,
        'parameter-schema',
        below(pointer, `parameters (${String(one.name)})`),
        'give the parameter a schema',
      ),
    ),
  ];
}

/** Said for the operation or for all, `[]` being a statement as well; and by names that there are. */
function securityOf(
  document: OpenApiDocument,
  { object, pointer }: ApiOperation,
): readonly Verdict[] {
  const security = object.security ?? document.security;
  const schemes = objectOf(objectOf(document.components).securitySchemes);
  const names = listOf(security).flatMap((one) => Object.keys(objectOf(one)));
  const at = below(pointer, 'security');
  return [
    verdict(
      Array.isArray(security),
      'security',
      at,
      'say who may call; an empty list is everybody',
      true,
    ),
    ...names.map((name) =>
      verdict(
        isObject(resolve(document, schemes[name])),
        'security-scheme',
        at,
        'use security schemes that are in components',
        true,
      ),
    ),
  ];
}
