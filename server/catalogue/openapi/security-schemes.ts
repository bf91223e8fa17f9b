/**
 * Security schemes that national documents take from one well-known address by the level of access. They are written out
 * here, so that such a document is whole without anything being fetched. Owns the list of levels.
 */
import { isObject, objectOf, textOf, type JsonObject, type OpenApiDocument } from './document.ts';

/** Who may call at a level: a mode of ours, and how well a person must have signed in. */
export interface AccessLevel {
  readonly mode: 'open' | 'key' | 'app' | 'worker' | 'patient';
  readonly level?: string;
}

/** `app-level0`, `nhs-cis2-aal3`, `nhs-login-p9`, …; undefined for a word that is no level. */
export function accessLevel(name: string): AccessLevel | undefined {
  if (name === 'app-level0') return { mode: 'key' };
  if (name === 'app-level3') return { mode: 'app' };
  const person = /^(nhs-cis2-(aal[123])|nhs-login-(p[059]))$/i.exec(name);
  if (!person) return undefined;
  const level = (person[2] ?? person[3] ?? '').toLowerCase();
  return { mode: level.startsWith('aal') ? 'worker' : 'patient', level };
}

/** The document with the well-known schemes in place of references to them. */
export function withKnownSchemes(document: OpenApiDocument): OpenApiDocument {
  const components = objectOf(document.components);
  const schemes = objectOf(components.securitySchemes);
  const known = Object.entries(schemes).map(([name, one]) => [name, schemeOf(one) ?? one]);
  if (known.every(([name, one]) => schemes[String(name)] === one)) return document;
  const securitySchemes = Object.fromEntries(known) as JsonObject; // names and schemes, as they came
  return { ...document, components: { ...components, securitySchemes } };
}

function schemeOf(one: unknown): JsonObject | undefined {
  const reference = isObject(one) ? (textOf(one.$ref) ?? '') : '';
  if (!reference.startsWith('https://') || !/\/securitySchemes\/[^/]+$/.test(reference))
    return undefined;
  const level = accessLevel(reference.slice(reference.lastIndexOf('/') + 1));
  if (!level) return undefined;
  if (level.mode === 'key')
    return { type: 'apiKey', in: 'header', name: 'apikey', description: 'The key of an app.' };
  const who = {
    app: 'an application',
    worker: 'a healthcare worker',
    patient: 'a patient',
    open: '',
  }[level.mode];
  const at = level.level === undefined ? '' : ` signed in at ${level.level.toUpperCase()}`;
  return { type: 'http', scheme: 'bearer', description: `An access token of ${who}${at}.` };
}
