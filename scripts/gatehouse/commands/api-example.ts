/** A first call of an API, taken from its OpenAPI document: one that needs no body, with the values of its examples. */
import {
  listOf,
  objectOf,
  operationsOf,
  resolve,
  type ApiOperation,
  type JsonObject,
  type OpenApiDocument,
} from '../../../server/catalogue/openapi/document.ts';
import { sampleOf } from '../../../server/catalogue/openapi/sample.ts';

/**
 * A line for a shell, for an API at this address. Without an operation that reads, it asks how the API is.
 * @param address without a slash at the end
 */
export function exampleCall(document: OpenApiDocument, address: string): string {
  const reads = operationsOf(document).filter(({ method }) => method === 'GET');
  const plainest = [...reads].sort((a, b) => needed(a).length - needed(b).length)[0];
  if (!plainest) return `curl -s ${quoted(`${address}/_ping`)}`;
  const fields = needed(plainest)
    .filter((one) => one.in === 'header')
    .map((one) => ` -H ${quoted(`${String(one.name)}: ${valueOf(document, one)}`)}`);
  return `curl -s${fields.join('')} ${quoted(address + targetOf(document, plainest))}`;
}

function needed({ parameters }: ApiOperation): readonly JsonObject[] {
  return parameters.filter((one) => one.required === true || one.in === 'path');
}

function targetOf(document: OpenApiDocument, operation: ApiOperation): string {
  const values = new Map(
    needed(operation).map((one) => [
      `${String(one.in)} ${String(one.name)}`,
      valueOf(document, one),
    ]),
  );
  const path = operation.path.replace(/\{([^{}]{1,200})\}/g, (_whole, name: string) =>
    encoded(values.get(`path ${name}`) ?? 'text'),
  );
  const query = needed(operation)
    .filter((one) => one.in === 'query')
    .map((one) => `${encoded(String(one.name))}=${encoded(valueOf(document, one))}`);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}

function valueOf(document: OpenApiDocument, parameter: JsonObject): string {
  const [first] = Object.values(objectOf(parameter.examples));
  const named = objectOf(resolve(document, first)).value;
  const value = parameter.example ?? named ?? sampleOf(document, parameter.schema);
  const one = Array.isArray(value) ? listOf(value)[0] : value;
  return typeof one === 'string' ? one : JSON.stringify(one ?? 'text');
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27');
}

/** For the usual shells; whatever a document says, nothing else is run. */
function quoted(text: string): string {
  const plain = text.replace(/\p{C}/gu, '');
  return /[\\"$`!]/.test(plain) ? `'${plain.replaceAll("'", `'\\''`)}'` : `"${plain}"`;
}
