/**
 * Events as they are published: a CloudEvent, or the form of the first version. Owns their members and the texts of what is
 * wrong with them; whether somebody may publish one is publishing.ts's.
 */
import { Schemas, type Fault } from '../../../core/schema.ts';
import { isNhsNumber } from '../../../fhir/identifiers.ts';
import type { Filtering } from './criteria.ts';
import { validationErrors, type ValidationErrors } from './errors.ts';
import { eventType } from './event-types.ts';

/** What the platform needs to know of an event, whatever its form. */
export interface ReadEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** As sent, and as milliseconds since the epoch. */
  readonly time: string;
  readonly at: number;
  readonly subject?: string;
  readonly dataref?: string;
  readonly versionid?: string;
  readonly filtering: Filtering;
}

const text = (most: number) => ({ type: 'string', minLength: 1, maxLength: most });
const scalar = { type: ['string', 'number', 'boolean'], maxLength: 500 };
const time = { ...text(64), format: 'date-time' };
const uri = { ...text(2048), format: 'uri' };

const cloudEvent = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'source', 'specversion', 'type', 'time'],
  properties: {
    specversion: { const: '1.0' },
    id: text(255),
    source: { ...text(2048), format: 'uri-reference' },
    type: text(100),
    time,
    subject: text(255),
    dataref: uri,
    versionid: text(100),
    filtering: {
      type: 'object',
      maxProperties: 50,
      additionalProperties: {
        anyOf: [scalar, { type: 'array', maxItems: 100, items: scalar }],
      },
    },
  },
};

const identifier = {
  type: 'object',
  required: ['system', 'value'],
  properties: { system: text(255), value: text(255) },
};
const organisation = {
  type: 'object',
  required: ['name', 'identifier'],
  properties: { name: { type: 'string', maxLength: 255 }, identifier },
};

/** The first version. Members beyond these may be there: its data differ by type. */
const legacyEvent = {
  type: 'object',
  required: ['id', 'type', 'subject', 'source', 'time'],
  properties: {
    id: { ...text(64), format: 'uuid' },
    type: text(100),
    subject: {
      type: 'object',
      required: ['nhsNumber', 'familyName', 'dob'],
      properties: {
        nhsNumber: text(10),
        familyName: text(255),
        dob: { type: 'string', pattern: '^\\d{4}(-\\d{2}(-\\d{2})?)?$' },
      },
    },
    source: organisation,
    time,
    data: {
      type: 'object',
      properties: { versionId: text(100), fullUrl: uri, provenance: organisation },
    },
  },
};

const schemas = new Schemas([], { allErrors: true });
const faultsOf = {
  cloudEvent: once(() => schemas.faults(cloudEvent)),
  legacyEvent: once(() => schemas.faults(legacyEvent)),
};

/** @throws Problem 400 with `validationErrors` */
export function readCloudEvent(value: unknown): ReadEvent {
  check(faultsOf.cloudEvent(), value, 'event');
  const { filtering = {}, time, ...event } = value as CloudEvent; // the schema has seen it
  checkType(event.type);
  if (eventType(event.type)?.legacy === true)
    throw validationErrors({ type: valid('event type: this one is sent as application/json') });
  return { ...event, time, at: momentOf(time), filtering };
}

type CloudEvent = Omit<ReadEvent, 'at' | 'filtering'> & { readonly filtering?: Filtering };

interface LegacyEvent extends Pick<ReadEvent, 'id' | 'type' | 'time'> {
  readonly subject: { readonly nhsNumber: string };
  readonly source: { readonly identifier: { readonly system: string; readonly value: string } };
  readonly data?: { readonly versionId?: string; readonly fullUrl?: string };
}

/** @throws Problem 400 with `validationErrors` */
export function readLegacyEvent(value: unknown): ReadEvent {
  check(faultsOf.legacyEvent(), value, 'event');
  const { id, type, subject, source, time, data = {} } = value as LegacyEvent; // the schema has seen it
  checkType(type);
  if (eventType(type)?.legacy !== true)
    throw validationErrors({
      type: valid('event type: this one is sent as application/cloudevents+json'),
    });
  if (!isNhsNumber(subject.nhsNumber))
    throw validationErrors({ 'subject.nhsNumber': valid('NHS number') });
  const { system, value: code } = source.identifier;
  return {
    ...{ id, type, time, at: momentOf(time), subject: subject.nhsNumber, filtering: {} },
    source: `${system}/${code}`,
    ...(data.fullUrl === undefined ? {} : { dataref: data.fullUrl }),
    ...(data.versionId === undefined ? {} : { versionid: data.versionId }),
  };
}

function checkType(type: string): void {
  if (!eventType(type)) throw validationErrors({ type: valid('event type') });
}

/** @throws Problem 400 for a moment that no calendar has */
function momentOf(time: string): number {
  const at = Date.parse(time);
  if (Number.isNaN(at)) throw validationErrors({ time: valid('time') });
  return at;
}

function valid(what: string): string {
  return `Please provide a valid ${what}`;
}

/** @throws Problem 400 with one text for each member that is wrong, at most 20 */
export function check(
  faults: (value: unknown) => readonly Fault[],
  value: unknown,
  what: string,
  texts: ValidationErrors = {},
): void {
  const found = faults(value);
  if (found.length === 0) return;
  const errors: Record<string, string> = {};
  for (const fault of found.slice(0, 20)) {
    const { name, isKnown } = memberOf(fault);
    if (name === '') errors[what] = valid(`${what}: a JSON object`);
    else
      errors[name] ??=
        texts[name] ?? (isKnown ? valid(nameOf(name)) : `${what} has no such member`);
  }
  throw validationErrors(errors);
}

function memberOf({ path, keyword, params }: Fault): {
  readonly name: string;
  readonly isKnown: boolean;
} {
  const more = keyword === 'required' ? params.missingProperty : params.additionalProperty;
  const parts = typeof more === 'string' ? [...path, more] : [...path];
  // Names are the caller's: short and harmless ones are told.
  const name = parts.map((part) => (/^[A-Za-z0-9_-]{1,64}$/.test(part) ? part : '?')).join('.');
  return { name, isKnown: keyword !== 'additionalProperties' };
}

/** Words for the members whose published texts differ from their names. */
function nameOf(name: string): string {
  return name === 'type' ? 'event type' : name;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
