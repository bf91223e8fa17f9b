/** `json-xml`: callers speak JSON and the back end XML, or the other way round. The notation is json-xml-notation.ts. */
import { setImmediate as turn } from 'node:timers/promises';
import { readXml, usualXmlLimits } from '../../../core/xml.ts';
import { parseJsonText, writeJsonText } from '../json-text.ts';
import { jsonToXml, xmlToJson } from '../json-xml-notation.ts';
import type { JsonSchema, PolicyKind } from '../policy.ts';
import {
  askWhole,
  transformProperties,
  transformReply,
  transformRequest,
  type Transformation,
} from '../transform.ts';

export interface JsonXmlConfig {
  readonly backend: 'json' | 'xml';
  readonly request: boolean;
  readonly response: boolean;
  readonly backendType?: string;
  readonly callerType?: string;
  readonly root: string;
  readonly namespace: string;
  readonly dropNamespaces: boolean;
  readonly arrays: readonly string[];
  readonly numbers: readonly string[];
  readonly booleans: readonly string[];
  readonly limit: number;
  readonly otherTypes: 'pass' | 'refuse';
}

const mediaType: JsonSchema = {
  type: 'string',
  maxLength: 100,
  pattern: '^[a-z]+/[A-Za-z0-9.+-]+(; ?[a-z]+=[A-Za-z0-9./:+-]+)*$',
};

const paths = (what: string): JsonSchema => ({
  type: 'array',
  description: `Paths of names in the JSON form, such as \`/Order/Item\`, ${what}`,
  items: { type: 'string', maxLength: 500, pattern: '^(/[^/]+)+$' },
  default: [],
});

export const jsonXml: PolicyKind<JsonXmlConfig> = {
  phase: 'transform-response',
  summary:
    'Turns JSON into XML and back, for the request and for the answer. An element is a member, its attributes begin with `@`, its text is `#text` or the whole value, elements of one name are a list. Content-Type and Accept follow. Listed last, it stands next to the back end, and other transformations see what the caller speaks. A request that cannot be turned is refused with 400, 413 or 415; such an answer becomes 502.',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['backend'],
    properties: {
      backend: { enum: ['json', 'xml'], description: 'What the back end speaks' },
      request: { type: 'boolean', description: 'Whether requests are turned', default: true },
      response: { type: 'boolean', description: 'Whether answers are turned', default: true },
      backendType: {
        ...mediaType,
        description:
          'Content-Type of the request to the back end, and what it is asked for: `text/xml`. Absent: application/json or application/xml',
      },
      callerType: {
        ...mediaType,
        description: 'Content-Type of the answer. Absent: application/json or application/xml',
      },
      root: {
        type: 'string',
        maxLength: 100,
        description:
          'The element that a JSON body is put in. Empty: its one member is the root element',
        default: '',
      },
      namespace: {
        type: 'string',
        maxLength: 500,
        description: 'The namespace of the XML made of JSON',
        default: '',
      },
      dropNamespaces: {
        type: 'boolean',
        description: 'Whether JSON made of XML has local names only, without declarations',
        default: false,
      },
      arrays: paths('that are lists even when there is one'),
      numbers: paths('whose texts become numbers'),
      booleans: paths('whose texts become true and false'),
      ...transformProperties,
    },
  },
  create: (config) => {
    const { backend, request, response } = config;
    const backendType = config.backendType ?? `application/${backend}`;
    const callerType = config.callerType ?? `application/${backend === 'xml' ? 'json' : 'xml'}`;
    const inward = { ...turning(config, backend), type: backendType };
    const outward = { ...turning(config, backend === 'xml' ? 'json' : 'xml'), type: callerType };
    return (next) => async (exchange) => {
      const sent = request ? await transformRequest(exchange, inward) : exchange;
      if (!response) return next(sent);
      return transformReply(await next(askWhole(sent, backendType)), exchange, outward);
    };
  },
};

/** Bytes from which on others have their turn between the steps. */
const large = 64 * 1024;

function turning(config: JsonXmlConfig, to: 'json' | 'xml'): Transformation {
  const { limit, otherTypes } = config;
  const limits = { ...usualXmlLimits, size: limit, nodes: 30_000 };
  return to === 'json'
    ? {
        ...{ accepts: 'xml', limit, otherTypes },
        convert: async (bytes, _exchange, charset) =>
          writeJsonText(xmlToJson(await readXml(bytes, limits, { charset }), config)),
      }
    : {
        ...{ accepts: 'json', limit, otherTypes },
        convert: async (bytes) => {
          const json = parseJsonText(bytes);
          if (bytes.length > large) await turn();
          return jsonToXml(json, config);
        },
      };
}
