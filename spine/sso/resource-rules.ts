/** The resources within a `gp-connect` token: device, organisation, practitioner. Owns what each must have. */
import { systems, type Parties } from './claims.ts';
import type { Claims } from './claims-rules.ts';
import { foundOf, TokenRefused } from './token-refused.ts';

/** @throws TokenRefused */
export function readResources(claims: Claims): Parties {
  const asid = readDevice(claims);
  const odsCode = readOrganisation(claims);
  return { ...(asid === undefined ? {} : { asid }), odsCode, ...readPractitioner(claims) };
}

/** The ASID, where the device tells it. */
function readDevice(claims: Claims): string | undefined {
  const device = resource(claims, 'requesting_device', 'Device');
  for (const name of ['model', 'version'])
    if (!isText(device[name]))
      throw new TokenRefused('requesting_device', `a text as ${name}`, foundOf(device[name]));
  const all = identifiers(device, 'requesting_device');
  if (all.length === 0)
    throw new TokenRefused('requesting_device', 'an identifier with system and value', 'none');
  const asid = all.find(({ system }) => system === systems.asid)?.value;
  if (asid === undefined || /^[0-9]{12}$/.test(asid)) return asid;
  throw new TokenRefused('requesting_device', 'an ASID of 12 digits', foundOf(asid));
}

function readOrganisation(claims: Claims): string {
  const name = 'requesting_organization';
  const organisation = resource(claims, name, 'Organization');
  if (!isText(organisation.name))
    throw new TokenRefused(name, 'a text as name', foundOf(organisation.name));
  const all = identifiers(organisation, name);
  const code = all.find(({ system }) => system === systems.organisation)?.value;
  if (code !== undefined && /^[A-Z0-9]{1,12}$/.test(code)) return code;
  throw new TokenRefused(name, `an identifier of ${systems.organisation}`, foundOf(code));
}

function readPractitioner(claims: Claims): { userId?: string; roleProfile?: string } {
  const name = 'requesting_practitioner';
  const practitioner = resource(claims, name, 'Practitioner');
  const { id } = practitioner;
  if (!isText(id)) throw new TokenRefused(name, 'a text as id', foundOf(id));
  if (claims.sub !== id)
    throw new TokenRefused(
      ...([
        'sub',
        `the same as ${name}.id`,
        claims.sub === undefined ? 'nothing' : 'another',
      ] as const),
    );
  checkName(practitioner.name);
  const all = identifiers(practitioner, name);
  const userId = national(all, systems.user);
  const roleProfile = national(all, systems.roleProfile);
  return {
    ...(userId === undefined ? {} : { userId }),
    ...(roleProfile === undefined ? {} : { roleProfile }),
  };
}

/** A list of names, or, in the older form, one. */
function checkName(given: unknown): void {
  const first: unknown = Array.isArray(given) ? given[0] : given;
  const family: unknown = isObject(first) ? first.family : undefined;
  const text: unknown = Array.isArray(family) ? family[0] : family;
  if (isText(text)) return;
  throw new TokenRefused('requesting_practitioner', 'a name with family', foundOf(given));
}

/** `UNK` stands for none. */
function national(all: readonly Identifier[], wanted: string): string | undefined {
  const found = all.find(({ system }) => system === wanted)?.value;
  if (found === undefined || found === 'UNK') return undefined;
  if (/^[0-9]{1,20}$/.test(found)) return found;
  throw new TokenRefused('requesting_practitioner', `digits or UNK of ${wanted}`, foundOf(found));
}

interface Identifier {
  readonly system: string;
  readonly value: string;
}

function identifiers(of: Claims, rule: string): readonly Identifier[] {
  const all: unknown = of.identifier ?? [];
  if (!Array.isArray(all)) throw new TokenRefused(rule, 'a list of identifiers', foundOf(all));
  return all.map((one: unknown) => {
    if (isObject(one) && isText(one.system) && isText(one.value))
      return { system: one.system, value: one.value };
    throw new TokenRefused(rule, 'identifiers with system and value', foundOf(one));
  });
}

function resource(claims: Claims, name: string, type: string): Claims {
  const value = claims[name];
  if (isObject(value) && value.resourceType === type) return value;
  throw new TokenRefused(name, `a resource of type ${type}`, foundOf(value));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 300;
}
