/** The shape of what is sent, as a JSON schema: a Bundle of type message, and the MessageHeader in front. Owns no rule between members. */
import { Schemas, type Fault } from '../../core/schema.ts';
import type { MessageFault } from './refusals.ts';

/** What is read of a MessageHeader. */
export interface Header {
  readonly resourceType: 'MessageHeader';
  readonly id: string;
  readonly eventCoding?: {
    readonly system: string;
    readonly code: string;
    readonly display?: string;
  };
  readonly eventUri?: string;
  readonly destination?: readonly {
    readonly endpoint: string;
    readonly receiver?: Reference;
  }[];
  readonly sender?: Reference;
  readonly source: { readonly endpoint: string };
  readonly focus?: readonly Reference[];
  readonly response?: { readonly identifier: string; readonly code: string };
}

export interface Reference {
  readonly reference?: string;
  readonly identifier?: { readonly system?: string; readonly value?: string };
}

export interface MessageBundle {
  readonly resourceType: 'Bundle';
  readonly id: string;
  readonly type: 'message';
  readonly entry: readonly { readonly fullUrl?: string; readonly resource?: Resource }[];
}

export interface Resource {
  readonly resourceType: string;
  readonly id?: string;
  readonly [member: string]: unknown;
}

const id = { type: 'string', pattern: '^[A-Za-z0-9.-]{1,64}$' };
const url = { type: 'string', minLength: 1, maxLength: 2048, pattern: '^\\S+$' };
const reference = {
  type: 'object',
  properties: {
    reference: { type: 'string', minLength: 1, maxLength: 2048 },
    identifier: {
      type: 'object',
      properties: { system: url, value: { type: 'string', minLength: 1, maxLength: 300 } },
    },
  },
};

const bundle = {
  type: 'object',
  required: ['resourceType', 'id', 'type', 'entry'],
  properties: {
    resourceType: { const: 'Bundle' },
    id,
    type: { const: 'message' },
    entry: {
      type: 'array',
      minItems: 1,
      maxItems: 5000,
      items: {
        type: 'object',
        required: ['resource'],
        properties: {
          fullUrl: url,
          resource: {
            type: 'object',
            required: ['resourceType'],
            properties: { resourceType: { type: 'string', pattern: '^[A-Z][A-Za-z]{1,63}$' }, id },
          },
        },
      },
    },
  },
};

const header = {
  type: 'object',
  required: ['resourceType', 'id', 'source'],
  properties: {
    resourceType: { const: 'MessageHeader' },
    id,
    eventCoding: {
      type: 'object',
      required: ['system', 'code'],
      properties: {
        system: url,
        code: { type: 'string', minLength: 1, maxLength: 200 },
        display: { type: 'string', maxLength: 500 },
      },
    },
    eventUri: url,
    destination: {
      type: 'array',
      maxItems: 50,
      items: {
        type: 'object',
        required: ['endpoint'],
        properties: { endpoint: url, receiver: reference },
      },
    },
    sender: reference,
    source: { type: 'object', required: ['endpoint'], properties: { endpoint: url } },
    focus: { type: 'array', maxItems: 1000, items: { ...reference, required: ['reference'] } },
    response: {
      type: 'object',
      required: ['identifier', 'code'],
      properties: { identifier: id, code: { enum: ['ok', 'transient-error', 'fatal-error'] } },
    },
  },
};

const schemas = new Schemas([], { allErrors: true });
let compiled: Record<'bundle' | 'header', (value: unknown) => readonly Fault[]> | undefined;

function checks() {
  compiled ??= { bundle: schemas.faults(bundle), header: schemas.faults(header) };
  return compiled;
}

export function bundleFaults(value: unknown): readonly MessageFault[] {
  return checks()
    .bundle(value)
    .map((fault) => toFault(fault, 'Bundle'));
}

/** @param value the resource of the first entry */
export function headerFaults(value: unknown): readonly MessageFault[] {
  return checks()
    .header(value)
    .map((fault) => toFault(fault, firstResource));
}

export const firstResource = 'Bundle.entry[0].resource';

/** Names the member and the rule, never the value. */
function toFault({ path, keyword, params, message }: Fault, from: string): MessageFault {
  const missing = keyword === 'required' ? [String(params.missingProperty)] : [];
  const at = [...path, ...missing].reduce(
    (told, part) => (/^\d+$/.test(part) ? `${told}[${part}]` : `${told}.${part}`),
    from,
  );
  if (keyword === 'required')
    return { code: 'required', at, text: `${at}: expected a value, and found none` };
  const wanted = keyword === 'const' ? `must be ${JSON.stringify(params.allowedValue)}` : message;
  const code = keyword === 'type' || keyword === 'const' ? 'structure' : 'value';
  return { code, at, text: `${at} ${wanted}` };
}
