/** The code lists of the organisation register, as far as its look-ups tell them: roles, relationships, record classes. */

export interface Role {
  /** `RO177`. */
  readonly id: string;
  readonly name: string;
  /** Whether an organisation may have it as its first role. */
  readonly primary: boolean;
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

/** In order of their numbers. An organisation may bear others: those are told by their number. */
export const roles: readonly Role[] = [
  role(15, "REG'D UNDER PART 2 CARE STDS ACT 2000", false),
  role(29, 'TREATMENT CENTRE', false),
  role(76, 'GP PRACTICE', false),
  role(98, 'CLINICAL COMMISSIONING GROUP', true),
  role(142, 'LOCAL HEALTH BOARD', true),
  role(144, 'WELSH LOCAL HEALTH BOARD SITE', true),
  role(157, 'NON-NHS ORGANISATION', true),
  role(177, 'PRESCRIBING COST CENTRE', true),
  role(182, 'PHARMACY', true),
  role(197, 'NHS TRUST', true),
  role(198, 'NHS TRUST SITE', true),
  role(261, 'STRATEGIC PARTNERSHIP', true),
  role(272, 'PRIMARY CARE NETWORK', true),
  role(318, 'INTEGRATED CARE BOARD', false),
];

const rolesById = new Map(roles.map((one) => [one.id, one]));

/** The role of an id, or one that bears its id as name where the list does not know it. */
export function roleOf(id: string): Role {
  return rolesById.get(id) ?? { id, name: id, primary: false };
}

export function isListedRole(id: string): boolean {
  return rolesById.has(id);
}

/** In order of their numbers. */
export const relationships: readonly Named[] = [
  { id: 'RE2', name: 'IS A SUB-DIVISION OF' },
  { id: 'RE3', name: 'IS DIRECTED BY' },
  { id: 'RE4', name: 'IS COMMISSIONED BY' },
  { id: 'RE5', name: 'IS LOCATED IN THE GEOGRAPHY OF' },
  { id: 'RE6', name: 'IS OPERATED BY' },
  { id: 'RE8', name: 'IS PARTNER TO' },
  { id: 'RE9', name: 'IS NOMINATED PAYEE FOR' },
];

export const recordClasses = [
  { id: 'RC1', name: 'HSCOrg' },
  { id: 'RC2', name: 'HSCSite' },
] as const satisfies readonly Named[];

function role(number: number, name: string, primary: boolean): Role {
  return { id: `RO${number}`, name, primary };
}
