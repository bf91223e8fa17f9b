/**
 * What a single operation may not do to the record as it stands at that point of the list (pds-fhir 2.5, 3.4, 3.5):
 * removals that are never allowed, replacements that land on the wrong item, fields a patient may not touch.
 */
import type { AccessMode } from '../../../core/exchange.ts';
import { forbiddenUpdate, invalidUpdate, invalidValueWith } from '../errors.ts';
import { currentUrl } from '../fields/field-rules-addresses.ts';
import { kindOf } from '../fields/field-rules-extensions.ts';
import { isFields, shown, wrong, type Fields } from '../fields/field-rules-values.ts';
import type { Tree } from './patch-apply.ts';
import { isIndex, lists, type Patch } from './patch-form.ts';

/** Throws when this operation is not allowed. Targets that do not exist are left to the operation itself to report. */
export function guard(patch: Patch, copy: Tree, mode: AccessMode): void {
  if (patch.op === 'test') return;
  if (mode === 'patient') checkPermitted(patch, copy);
  if (patch.op === 'remove') checkRemoval(patch, copy);
  if (patch.op === 'replace') checkReplacement(patch, copy);
}

/** The item of a list that a path leads to or into. */
function itemAt(copy: Tree, [list = '', index]: readonly string[]): Fields | undefined {
  const items = Object.hasOwn(copy, list) ? copy[list] : undefined;
  const item: unknown = Array.isArray(items) && isIndex(index) ? items[Number(index)] : undefined;
  return isFields(item) ? item : undefined;
}

// ---- removal ----

const kept = new Set(['gender', 'birthDate', 'deceasedDateTime']);

/** Scalars are refused whether or not a test came first: the rule, not the form, forbids it. */
function checkRemoval(patch: Patch, copy: Tree): void {
  const { segments } = patch;
  const [element = ''] = segments;
  if (kept.has(element) && Object.hasOwn(copy, element))
    throw forbiddenUpdate(`source not permitted to remove '${element}'`);
  if (segments.length === 1) {
    for (const item of itemsOf(copy, element)) checkItemRemoval(element, item, copy);
    return;
  }
  const item = itemAt(copy, segments);
  if (!item) return;
  if (segments.length === 2 || (element === 'extension' && isDeath(item)))
    checkItemRemoval(element, item, copy);
  if (isPeriodStart(segments))
    throw invalidUpdate('period start cannot be removed - only replaced');
}

function itemsOf(copy: Tree, list: string): Fields[] {
  const items = lists.some((known) => known === list) ? copy[list] : undefined;
  return Array.isArray(items) ? items.filter(isFields) : [];
}

function checkItemRemoval(list: string, item: Fields, copy: Tree): void {
  if (list === 'name' && item.use === 'usual')
    throw forbiddenUpdate('not permitted to remove usual name');
  if (list === 'generalPractitioner')
    throw forbiddenUpdate('Update Rejected - source not permitted to remove a GP Registration');
  if (list !== 'extension') return;
  if (isDeath(item))
    throw isFormal(copy)
      ? formalDeath()
      : forbiddenUpdate("source not permitted to remove 'deathNotificationStatus'");
  if (kindOf(item.url) === undefined)
    throw invalidUpdate(`Update unsupported for resource - '${shown(item.url)}'`);
}

function isPeriodStart(segments: readonly string[]): boolean {
  return (
    segments.at(-1) === 'period' || (segments.at(-1) === 'start' && segments.at(-2) === 'period')
  );
}

// ---- death ----

const isDeath = (item: Fields) => kindOf(item.url) === 'death notification';

/** The refusal of any change to the death data of a record whose notification is formal. */
export const formalDeath = () =>
  forbiddenUpdate(
    'source not permitted to update death details when Death Notification Status is formal',
  );

/** Status 1, 2 or U of a death notification. */
export function statusOf(item: unknown): unknown {
  const parts: unknown = isFields(item) ? item.extension : undefined;
  const status: unknown = Array.isArray(parts)
    ? parts.find((part) => isFields(part) && part.url === 'deathNotificationStatus')
    : undefined;
  const concept = isFields(status) ? status.valueCodeableConcept : undefined;
  const codings: unknown = isFields(concept) ? concept.coding : undefined;
  const coding: unknown = Array.isArray(codings) ? codings[0] : undefined;
  return isFields(coding) ? coding.code : undefined;
}

/** Whether a formal notification of death is held. */
export function isFormal(patient: Fields): boolean {
  const { extension } = patient;
  return (
    Array.isArray(extension) &&
    extension.some((item) => isFields(item) && isDeath(item) && statusOf(item) === '2')
  );
}

// ---- replacement ----

function checkReplacement(patch: Patch, copy: Tree): void {
  const { segments, value } = patch;
  const item = itemAt(copy, segments);
  if (!item) return;
  const isExtension = segments[0] === 'extension';
  if (isExtension && segments.length === 2 && isFields(value)) checkSameKind(value, item, copy);
  if (isExtension && segments.length === 4 && segments[2] === 'extension' && isFields(value))
    checkSamePart(value, item, segments[3]);
  if (!isExtension && segments.length === 2 && isFields(value))
    checkSameId(value, item, patch.path);
}

/** An extension is replaced by one of its own kind; what stands elsewhere in the list would then be there twice. */
function checkSameKind(value: Fields, item: Fields, copy: Tree): void {
  const url = currentUrl(value.url);
  if (kindOf(url) === undefined) throw wrong(value.url, 'url');
  if (url === currentUrl(item.url)) return;
  const elsewhere = itemsOf(copy, 'extension').some((other) => currentUrl(other.url) === url);
  throw elsewhere ? alreadyThere(url) : invalidValueWith('Cannot find sub-object for update');
}

/** The refusal of a second extension of a kind. */
export function alreadyThere(url: unknown) {
  const kind = kindOf(url);
  if (kind === 'pharmacy')
    return invalidUpdate(`cannot add multiple pharmacies of type '${shown(currentUrl(url))}'`);
  return kind === 'death notification'
    ? invalidUpdate('cannot add multiple death notification states')
    : invalidValueWith('Cannot add a data item that already exists');
}

function checkSamePart(value: Fields, item: Fields, index: string | undefined): void {
  const parts: unknown = item.extension;
  if (!Array.isArray(parts) || !isIndex(index)) return;
  const part: unknown = parts[Number(index)];
  if (!isFields(part) || part.url === value.url) return;
  if (parts.some((other) => isFields(other) && other.url === value.url))
    throw invalidUpdate(`Too many extensions with url '${shown(value.url)}' on patched patient`);
  if (part.url === 'interpreterRequired')
    throw invalidUpdate('interpreterRequired cannot be removed');
}

function checkSameId(value: Fields, item: Fields, path: string): void {
  if (value.id === item.id || value.id === undefined) return;
  throw invalidUpdate(
    `Object ID does not match supplied index for path='${path}' with resource id='${shown(item.id)}' and patch id='${shown(value.id)}'`,
  );
}

// ---- what a patient may change ----

const patientKinds = ['communication', 'pharmacy', 'birth place'];

/**
 * In patient access: address, contact, mobile and email, communication, pharmacies and birth place. Of all but the first two
 * the whole object is sent, save for removals.
 */
function checkPermitted(patch: Patch, copy: Tree): void {
  const { op, segments, value } = patch;
  const [element] = segments;
  if (element === 'address' || element === 'contact') return;
  const item = itemAt(copy, segments);
  const allowed =
    element === 'telecom' ? isOwnTelecom : element === 'extension' ? isOwnKind : never;
  const whole = segments.length === 2;
  const targets = segments.length === 1 ? itemsOf(copy, element ?? '') : item ? [item] : [];
  const permitted =
    element !== undefined &&
    (op === 'remove' || (whole && (!isFields(value) || allowed(value)))) &&
    targets.every(allowed) &&
    allowed !== never;
  if (!permitted)
    throw invalidUpdate(
      'This user does not have permission to update the fields in the patches provided.',
    );
}

const never = () => false;

function isOwnTelecom({ system, use }: Fields): boolean {
  return system === 'email' || (system === 'phone' && use === 'mobile');
}

function isOwnKind({ url }: Fields): boolean {
  const kind = kindOf(url);
  // A url that means nothing is refused for what it is, not for who sends it.
  return kind === undefined ? !isHeldOnly(url) : patientKinds.includes(kind);
}

/** Extensions that can be read and that nobody may write. */
function isHeldOnly(url: unknown): boolean {
  return typeof url === 'string' && /RemovalFromRegistration|consent\.html$/.test(url);
}
