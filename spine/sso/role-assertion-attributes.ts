/**
 * The attributes of a role assertion: one flat list in which each role is a block that begins at `nhsIdCode`. Owns taking
 * them by name and namespace, how often each may stand, and what form its values have.
 */
import { attributeOf, childElements, textOf, type XmlElement } from '../../core/xml.ts';
import { attributeUri, samlUri, type AssertedRole, type RoleAssertion } from './role-assertion.ts';
import { AssertionRefused } from './role-assertion-refused.ts';

/** What stands before the first role, and the roles. @throws AssertionRefused */
export function readAttributes(
  statement: XmlElement,
): Pick<RoleAssertion, 'userId' | 'name' | 'mode' | 'roles' | 'selected'> {
  const [common = [], ...blocks] = blocksOf(statement);
  one(common, 'ssbAssertionVersion', /^1\.1$/);
  const roles = blocks.map(roleOf);
  const selected = one(common, 'ssbSessionRoleUid', digits);
  const [found, ...others] = roles.filter(({ id }) => id === selected);
  if (!found || others.length > 0)
    throw new AssertionRefused(
      ...(['ssbSessionRoleUid', 'exactly one of the roles'] as const),
      found ? 'several' : 'none of them',
    );
  return {
    userId: one(common, 'uid', /^\d{12}$/),
    name: one(common, 'cn', anyText),
    mode: one(common, 'ssbMode', /^[01]$/) === '0' ? '0' : '1',
    ...{ roles, selected: found },
  };
}

interface Attribute {
  readonly name: string;
  readonly values: readonly string[];
}

const digits = /^\d{1,20}$/;
const anyText = /^[^\p{Cc}]{1,300}$/u;
const code = /^[A-Za-z0-9:._-]{1,60}$/;
/** Blocks, of which the first is no role. */
const mostBlocks = 101;

function blocksOf(statement: XmlElement): Attribute[][] {
  const blocks: Attribute[][] = [[]];
  for (const element of childElements(statement)) {
    if (element.name !== 'Attribute' || element.uri !== samlUri) continue;
    if (attributeOf(element, 'AttributeNamespace') !== attributeUri) continue;
    const name = attributeOf(element, 'AttributeName') ?? '';
    if (name === 'nhsIdCode') blocks.push([]);
    blocks.at(-1)?.push({ name, values: valuesOf(element) });
  }
  if (blocks.length > mostBlocks)
    throw new AssertionRefused('roles', `at most ${mostBlocks - 1}`, `${blocks.length - 1}`);
  return blocks;
}

function valuesOf(element: XmlElement): string[] {
  return childElements(element).map((value) => {
    if (value.name !== 'AttributeValue' || value.uri !== samlUri || childElements(value).length > 0)
      throw new AssertionRefused('attribute', 'values that are texts', 'another');
    return textOf(value).trim();
  });
}

function roleOf(block: readonly Attribute[]): AssertedRole {
  return {
    id: one(block, 'uniqueIdentifier', digits),
    odsCode: one(block, 'nhsIdCode', /^[A-Z0-9]{2,10}$/),
    organisation: one(block, 'o', anyText),
    jobRole: one(block, 'nhsJobRole', anyText),
    jobRoleCode: one(block, 'nhsJobRoleCode', /^S\d{4}:G\d{4}:R\d{4}$/),
    activities: many(block, 'nhsBusinessFunctionsCodes', /^B\d{4}$/),
    workgroups: many(block, 'nhsWorkGroupsCodes', code),
    areas: many(block, 'nhsAreaOfWorkCodes', code),
  };
}

function one(block: readonly Attribute[], name: string, form: RegExp): string {
  const values = many(block, name, form);
  const [value] = values;
  if (value !== undefined && values.length === 1) return value;
  throw new AssertionRefused(name, 'one value', values.length === 0 ? 'none' : 'several');
}

function many(block: readonly Attribute[], name: string, form: RegExp): readonly string[] {
  const [found, ...others] = block.filter((attribute) => attribute.name === name);
  if (others.length > 0) throw new AssertionRefused(name, 'the attribute once', 'twice');
  const values = found?.values ?? [];
  if (values.length > 500 || !values.every((value) => form.test(value)))
    throw new AssertionRefused(name, 'values of its form', 'another');
  return values;
}
