/**
 * The values of an operation's parameters as somebody types them: which field each has, what is wrong with a value, and how
 * it stands in the address (OpenAPI 3.1, 4.8.12: styles simple and form). Pure. The gateway and the API judge again.
 */
import {
  listOf,
  objectOf,
  resolve,
  textOf,
  type JsonObject,
  type OpenApiDocument,
} from '../catalogue/openapi/document.ts';
import type { Environment } from '../catalogue/environments.ts';
import { linearPattern, whyRefused } from '../catalogue/openapi/pattern.ts';
import type { Fault, Form } from './form.ts';
import { exampleText, type Operation, type Parameter } from './operations.ts';
import { isFieldValue, mayBeSent, type Fields } from './relay.ts';

/** A parameter with the name of its field in the form. */
export interface TryField {
  readonly name: string;
  readonly parameter: Parameter;
  /** What may stand in it, where only some values may. */
  readonly choices: readonly string[];
}

const mostFields = 100;
const longest = 2000;
/** Said elsewhere, or not for callers of a console to set. */
const elsewhere = new Set([
  'accept',
  'content-type',
  'authorization',
  'ocp-apim-subscription-key',
  'apikey',
]);

/** The fields of an operation in its order. Cookies are for no one to send. */
export function fieldsOf(document: OpenApiDocument, operation: Operation): readonly TryField[] {
  return operation.parameters
    .filter(
      ({ in: place, name }) =>
        place !== 'cookie' && !(place === 'header' && elsewhere.has(name.toLowerCase())),
    )
    .filter(({ in: place, name }) => place !== 'header' || mayBeSent(name))
    .slice(0, mostFields)
    .map((parameter, i) => ({
      name: `value-${i + 1}`,
      parameter,
      choices: choicesOf(objectOf(resolve(document, parameter.schema))),
    }));
}

function choicesOf(schema: JsonObject): readonly string[] {
  if (schema.type === 'boolean') return ['true', 'false'];
  const values = listOf(schema.enum).filter((one) => ['string', 'number'].includes(typeof one));
  return values.length <= 50 ? values.map(String) : [];
}

/** Those that an environment has: some are there in the sandbox alone. */
export function fieldsIn(
  environment: Environment,
  fields: readonly TryField[],
): readonly TryField[] {
  return environment === 'sandbox' ? fields : fields.filter(({ parameter }) => !parameter.sandbox);
}

/** What stands in a field at first: an example where a value is needed. */
export function firstValue({ parameter }: TryField): string {
  const [example] = parameter.examples;
  if (!parameter.required || example === undefined || isRequestId(parameter)) return '';
  return exampleText(example)
    .replace(/[\r\n]+/g, ' ')
    .slice(0, longest);
}

/** An id of the call: made anew for each where nobody types one. */
function isRequestId({ in: place, name }: Parameter): boolean {
  return place === 'header' && name.toLowerCase() === 'x-request-id';
}

/** What is wrong with what was typed. */
export function valueFaults(
  document: OpenApiDocument,
  fields: readonly TryField[],
  form: Form,
): readonly Fault[] {
  return fields.flatMap((field) => {
    const text = faultOf(document, field, form.get(field.name));
    return text === undefined
      ? []
      : [{ field: field.name, text: `${field.parameter.name}: ${text}` }];
  });
}

function faultOf(
  document: OpenApiDocument,
  { parameter }: TryField,
  text: string,
): string | undefined {
  if (text === '')
    return parameter.required && !isRequestId(parameter) ? 'enter a value' : undefined;
  if (text.length > longest) return `at most ${longest} characters`;
  if (/[\r\n\t]/.test(text)) return 'enter it on one line';
  if (parameter.in === 'header' && !isFieldValue(text))
    return 'only letters, digits and signs of ASCII';
  if (parameter.in === 'path' && /^\.{1,2}$/.test(text)) return 'a dot alone leads elsewhere';
  const schema = objectOf(resolve(document, parameter.schema));
  if (schema.type !== 'array') return valueFault(schema, text);
  const items = objectOf(resolve(document, schema.items));
  for (const one of text.split(',')) {
    const fault = valueFault(items, one.trim());
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function valueFault(schema: JsonObject, text: string): string | undefined {
  const choices = choicesOf(schema);
  if (choices.length > 0 && !choices.includes(text)) return `one of ${choices.join(', ')}`;
  if (schema.type === 'integer' || schema.type === 'number') return numberFault(schema, text);
  const { minLength, maxLength, pattern, format } = schema;
  if (typeof minLength === 'number' && text.length < minLength)
    return `at least ${minLength} characters`;
  if (typeof maxLength === 'number' && text.length > maxLength)
    return `at most ${maxLength} characters`;
  if (typeof pattern === 'string' && !fits(pattern, text))
    return pattern.length <= 120
      ? `must be of the form ${pattern}`
      : 'has not the form it must have';
  return formatFault(textOf(format) ?? '', text);
}

function numberFault({ type, minimum, maximum }: JsonObject, text: string): string | undefined {
  const whole = type === 'integer';
  if (!(whole ? /^-?\d{1,18}$/ : /^-?\d{1,18}(\.\d{1,18})?$/).test(text))
    return whole ? 'enter a whole number' : 'enter a number';
  const value = Number(text);
  if (typeof minimum === 'number' && value < minimum) return `at least ${minimum}`;
  if (typeof maximum === 'number' && value > maximum) return `at most ${maximum}`;
  return undefined;
}

const formats: Readonly<Record<string, readonly [RegExp, string]>> = {
  uuid: [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'enter a UUID'],
  date: [/^\d{4}-\d{2}-\d{2}$/, 'enter a date as 2020-01-31'],
  'date-time': [/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/, 'enter a time as 2020-01-31T12:00:00Z'],
};

function formatFault(format: string, text: string): string | undefined {
  const known = Object.hasOwn(formats, format) ? formats[format] : undefined;
  return known && !known[0].test(text) ? known[1] : undefined;
}

/** A pattern that nobody would run is nobody's rule. */
function fits(pattern: string, text: string): boolean {
  if (whyRefused(pattern) !== undefined) return true;
  const budget = { left: 1_000_000 };
  return linearPattern(pattern, budget).test(text) || budget.left <= 0;
}

/** The address below the base with the values in it, and the fields. */
export function filled(
  below: string,
  fields: readonly TryField[],
  form: Form,
): { readonly path: string; readonly headers: Fields } {
  let path = below;
  const query: string[] = [];
  const headers: (readonly [string, string])[] = [];
  for (const { name, parameter } of fields) {
    const text = form.get(name);
    const { in: place } = parameter;
    if (place === 'path') path = path.replaceAll(`{${parameter.name}}`, () => encode(text));
    else if (text === '') continue;
    else if (place === 'query') query.push(...pairs(parameter, text));
    else headers.push([parameter.name, text]);
  }
  return { path: query.length === 0 ? path : `${path}?${query.join('&')}`, headers };
}

/** Lists are typed with commas between; spread over pairs unless the document says otherwise. */
function pairs({ name, schema, explode, style }: Parameter, text: string): readonly string[] {
  const list =
    objectOf(schema).type === 'array' && explode !== false && (style ?? 'form') === 'form';
  const values = list ? text.split(',').map((one) => one.trim()) : [text];
  return values.map((value) => `${encode(name)}=${encode(value)}`);
}

/** RFC 3986 unreserved characters stay, and those that FHIR searches are full of. */
function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/%(2C|3A|24|7C)/gi, (one) =>
      one.toUpperCase() === '%7C' ? one : decodeURIComponent(one),
    )
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}
