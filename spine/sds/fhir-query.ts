/**
 * The queries of SDS FHIR, parsed: tokens of a system and a value, in any order, with a raw or an encoded bar. Owns which
 * parameters there are and how often each may come; what they find is the directory's.
 */
import { badCombination, badToken, illegalParameter, sentTwice } from './fhir-errors.ts';
import { systems } from './fhir-systems.ts';

/** What identifies accredited systems. */
export interface DeviceQuery {
  readonly odsCode: string;
  readonly interaction: string;
  readonly partyKey?: string;
  readonly manufacturer?: string;
}

/** What identifies endpoints: two of the three at least. */
export interface EndpointQuery {
  readonly odsCode?: string;
  readonly interaction?: string;
  readonly partyKey?: string;
}

/** @throws Problem 400 that names the parameter */
export function deviceQuery(query: URLSearchParams): DeviceQuery {
  const tokens = tokensOf(query, deviceForms);
  const { odsCode, interaction, partyKey, manufacturer } = tokens;
  if (odsCode === undefined) throw badToken('organization', systems.ods);
  if (interaction === undefined) throw badToken('identifier', systems.interaction);
  return {
    odsCode,
    interaction,
    ...(partyKey === undefined ? {} : { partyKey }),
    ...(manufacturer === undefined ? {} : { manufacturer }),
  };
}

/** @throws Problem 400 that names the parameter, or the combinations that there are */
export function endpointQuery(query: URLSearchParams): EndpointQuery {
  const tokens = tokensOf(query, endpointForms);
  if (Object.keys(tokens).length < 2) throw badCombination(endpointCombinations);
  return tokens;
}

type Part = 'odsCode' | 'interaction' | 'partyKey' | 'manufacturer';
type Forms = Readonly<Record<string, readonly (readonly [system: string, part: Part])[]>>;

/** What each parameter's token may be of. */
const endpointForms: Forms = {
  organization: [[systems.ods, 'odsCode']],
  identifier: [
    [systems.interaction, 'interaction'],
    [systems.partyKey, 'partyKey'],
  ],
};
const deviceForms: Forms = {
  ...endpointForms,
  'manufacturing-organization': [[systems.ods, 'manufacturer']],
};

const form = (name: string, system: string) => `${name}=${system}|value`;
const organization = form('organization', systems.ods);
const interactionId = form('identifier', systems.interaction);
const partyKeyId = form('identifier', systems.partyKey);
const endpointCombinations = [
  `${organization}&${interactionId}&${partyKeyId}`,
  `${organization}&${interactionId}`,
  `${organization}&${partyKeyId}`,
  `${interactionId}&${partyKeyId}`,
];

/** The internal switch to another registry: taken, and of no effect here. */
const cpmSwitch = { name: 'use_cpm', value: 'iwanttogetdatafromcpm' };

function tokensOf(query: URLSearchParams, forms: Forms): Partial<Record<Part, string>> {
  const found: Partial<Record<Part, string>> = {};
  for (const [name, token] of query) {
    if (name === cpmSwitch.name) checkSwitch(token);
    else {
      if (!Object.hasOwn(forms, name)) throw illegalParameter(name);
      const [part, value] = tokenOf(name, token, forms[name] ?? []);
      if (found[part] !== undefined) throw sentTwice(name);
      found[part] = value;
    }
  }
  return found;
}

function tokenOf(name: string, token: string, forms: Forms[string]): readonly [Part, string] {
  for (const [system, part] of forms) {
    const value = token.startsWith(`${system}|`) ? token.slice(system.length + 1).trim() : '';
    if (value !== '') return [part, value];
  }
  const known = forms.map(([system]) => system);
  const meant = known.filter((system) => token.startsWith(`${system}|`));
  throw badToken(name, ...(meant.length > 0 ? meant : known));
}

function checkSwitch(value: string): void {
  if (value.toLowerCase() !== cpmSwitch.value) throw badToken(cpmSwitch.name, cpmSwitch.value);
}
