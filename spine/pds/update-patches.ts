/**
 * General update, HL7 V3 to FHIR: a `PdsUpdateRequest` as the body of a PATCH, against the Patient as it is. Items are found by
 * their object ids; the patches then go through the one rule book of updates.
 */
import type { Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { fromAddress } from './addresses.ts';
import { at } from './elements.ts';
import { refusal } from './issues.ts';
import { withoutId, type UpdateMode } from './items.ts';
import { fromName } from './names.ts';
import { itemsIn } from './part-wrappers.ts';
import { nhsNumberOf } from './person.ts';
import { checkedNumber } from './queries.ts';
import { subjectNamed } from './registration.ts';
import { fromSerialChangeNumber } from './retrieval.ts';
import { fromContact, fromTelecom, isEmergency } from './telecoms.ts';
import * as rules from './update-rules.ts';
import {
  codeOf,
  provisionElements,
  provisionOf,
  type Change,
  type Context,
  type Patch,
} from './update-changes.ts';
import { extensions } from './update-extensions.ts';
import { scalars } from './update-scalars.ts';

/** Whose record an update is about, and at which version. */
export interface UpdateTarget {
  readonly nhsNumber: string;
  /** The serial change number: If-Match. */
  readonly versionId: string;
}

/** @throws MANDATORY_FIELD_MISSING, INVALID_NHS_NUMBER, FAILED_MOD11_CHECK */
export function targetOf(request: XmlElement): UpdateTarget {
  const nhsNumber = nhsNumberOf(at(request, 'subject', 'patientRole'));
  if (nhsNumber === '') throw refusal('MANDATORY_FIELD_MISSING', 'The NHS number is missing');
  const versionId = fromSerialChangeNumber(request);
  if (versionId === undefined)
    throw refusal('MANDATORY_FIELD_MISSING', 'The serial change number is missing');
  return { nhsNumber: checkedNumber(nhsNumber), versionId };
}

/** The patches of an update against the Patient it is about. @throws the rules of update-rules.ts */
export function toPatches(request: XmlElement, patient: Patient): Patch[] {
  const role = at(request, 'subject', 'patientRole');
  if (!role) throw refusal('MANDATORY_FIELD_MISSING', 'Nothing is to be updated');
  const person = at(role, 'patientPerson');
  const context: Context = { role, person, patient };
  const changes = [
    ...scalars(context),
    ...names(context),
    ...addresses(context),
    ...telecoms(context),
    ...practices(context),
    ...extensions(context),
  ];
  // Indexes count against the Patient as it was: removals come last, from the highest index down.
  const removals = changes.filter(({ removed }) => removed !== undefined);
  return [
    ...changes.flatMap(({ patches = [] }) => patches),
    ...removals
      .toSorted((one, other) => order(other) - order(one))
      .flatMap(({ removed }) => (removed ? [...removed.patches] : [])),
  ];
}

const order = ({ removed }: Change) => removed?.index ?? 0;

type List = 'name' | 'address' | 'telecom' | 'contact' | 'generalPractitioner';

/** One item of a list that bears object ids. */
function itemChange(
  list: List,
  patient: Patient,
  mode: UpdateMode,
  item: { readonly id?: string | undefined },
): Change {
  if (mode === 'added') {
    // An id on what is new is made up: the records give their own.
    return { patches: [{ op: 'add', path: `/${list}/-`, value: withoutId(item) }] };
  }
  const index = (patient[list] ?? []).findIndex(({ id }) => id === item.id);
  if (index < 0)
    throw refusal('MANDATORY_FIELD_MISSING_SUPP_INFO', `No such item in '${list}' to be changed`);
  const path = `/${list}/${index}`;
  if (mode === 'altered') return { patches: [{ op: 'replace', path, value: item }] };
  return {
    removed: {
      index,
      patches: [
        { op: 'test', path: `${path}/id`, value: item.id },
        { op: 'remove', path },
      ],
    },
  };
}

function names({ person, patient }: Context): Change[] {
  return itemsIn(person, 'name').map((element) => {
    rules.checkName(element);
    return itemChange('name', patient, rules.checkedMode(element, true), fromName(element));
  });
}

function addresses({ role, person, patient }: Context): Change[] {
  return [...itemsIn(role, 'addr'), ...itemsIn(person, 'addr')].map((element) => {
    rules.checkAddress(element);
    const address = fromAddress(element, true);
    if (!address) throw refusal('ADDRESS_USE_NOT_SUPPORTED', 'No such use of an address');
    return itemChange('address', patient, rules.checkedMode(element, true), address);
  });
}

function telecoms({ role, person, patient }: Context): Change[] {
  return [...itemsIn(role, 'telecom'), ...itemsIn(person, 'telecom')].map((element) => {
    rules.checkPeriod(element, 'useablePeriod');
    const mode = rules.checkedMode(element, true);
    return isEmergency(element)
      ? itemChange('contact', patient, mode, fromContact(element))
      : itemChange('telecom', patient, mode, fromTelecom(element));
  });
}

function practices({ person, role, patient }: Context): Change[] {
  return provisionElements(person).flatMap((element) => {
    rules.checkProvision(element);
    if (codeOf(element) !== '1') return [];
    if (subjectNamed(role, 'nHAISRemovalRegistrationEvent'))
      throw refusal(
        'REG_REMOVAL_AND_PCP_MUTUALLY_EXCLUSIVE',
        'A removal from registration and a new practice exclude each other',
      );
    const reference = provisionOf(element)?.reference ?? {};
    return [
      itemChange('generalPractitioner', patient, rules.checkedMode(element, true), reference),
    ];
  });
}
