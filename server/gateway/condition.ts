/**
 * When a policy applies: a JSON Schema over request, app and user, made a function once. Owns what a schema may use and what
 * it sees. A schema says what must hold of what is there: to ask that something is there, it must be `required`.
 * Patterns are matched in linear time (linear-pattern.ts); `format`, `$ref` and `$id` are refused, because they are not.
 */
import type { Caller, Exchange, Policy } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';
import { Schemas, type Fault } from '../../core/schema.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { toEnvironment } from '../catalogue/environments.ts';
import { schemaFaults } from './condition-faults.ts';
import { linearPattern } from './linear-pattern.ts';
import { entitlementOf } from './policy.ts';

/** Whether something applies to a call. */
export type Condition = (exchange: Exchange) => boolean;

/**
 * Makes a condition of a schema.
 * @param catalogue where the app's attributes are read; without it `app.attributes` is absent.
 * @throws Problem `invalid` with the faults of a schema that cannot be a condition.
 */
export function compileCondition(
  schema: Readonly<Record<string, unknown>>,
  catalogue?: Pick<Catalogue, 'app'>,
): Condition {
  const faults = schemaFaults(schema);
  if (faults.length > 0) throw new Problem('invalid', faults.join('; '));
  const check = compile(schema);
  return (exchange) => check(viewOf(exchange, catalogue)).length === 0;
}

/** What is wrong with a schema as a condition, in sentences; empty: nothing. */
export function conditionFaults(schema: Readonly<Record<string, unknown>>): string[] {
  try {
    compileCondition(schema);
    return [];
  } catch (error) {
    return [error instanceof Problem ? `when: ${error.message}` : 'when: it cannot be read'];
  }
}

/** A policy that stands aside where its condition does not hold. */
export function conditional(condition: Condition, policy: Policy): Policy {
  return (next) => {
    const guarded = policy(next);
    return (exchange) => (condition(exchange) ? guarded(exchange) : next(exchange));
  };
}

type Check = (value: unknown) => readonly Fault[];

/** Each text is compiled once, however many Proxies use it; compilers are dropped with what they made. */
let compiler = newCompiler();
let compiled = new Map<string, Check>();
const mostCompiled = 2000;

function newCompiler(): Schemas {
  const regExp = Object.assign((pattern: string) => linearPattern(pattern), { code: 'linear' });
  return new Schemas([], { strictSchema: true, code: { regExp }, logger: false });
}

function compile(schema: object): Check {
  const text = JSON.stringify(schema);
  const known = compiled.get(text);
  if (known) return known;
  if (compiled.size >= mostCompiled) {
    compiler = newCompiler();
    compiled = new Map();
  }
  try {
    const check = compiler.faults(schema);
    compiled.set(text, check);
    return check;
  } catch (error) {
    throw new Problem('invalid', error instanceof Error ? error.message : 'it is no JSON Schema');
  }
}

/** What a condition sees. What is not known of a call is not there. */
function viewOf(exchange: Exchange, catalogue: Pick<Catalogue, 'app'> | undefined): object {
  const { caller } = exchange;
  const request = requestOf(exchange);
  if (!caller) return { request };
  const user = caller.signIn !== undefined || caller.userId !== undefined;
  return {
    request,
    app: appOf(exchange, caller, catalogue),
    ...(user ? { user: userOf(caller) } : {}),
  };
}

function requestOf(exchange: Exchange): object {
  let query: object | undefined;
  return {
    method: exchange.method,
    path: plainPath(exchange.path),
    headers: exchange.headers,
    // Parsed only where the schema asks for it.
    get query() {
      return (query ??= queryOf(exchange));
    },
  };
}

/**
 * The path decoded, without dot segments: another spelling of a path is no way around a condition. One that cannot be
 * decoded is shown as sent.
 */
function plainPath(path: string): string {
  if (!path.includes('%') && !path.includes('/.') && !path.includes('//')) return path;
  let plain: string;
  try {
    plain = decodeURIComponent(path);
  } catch {
    return path;
  }
  const parts: string[] = [];
  for (const part of plain.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Values by name; of a name that is sent more than once all of them, joined by commas as header fields are. */
function queryOf({ query }: Exchange): object {
  // Without a prototype: a parameter may bear any name.
  const values = Object.create(null) as Record<string, string>; // which is what an object without a prototype is
  for (const [name, value] of query)
    values[name] = values[name] === undefined ? value : `${values[name]},${value}`;
  return values;
}

function appOf(
  exchange: Exchange,
  { appId, appName, mode, scopes }: Caller,
  catalogue: Pick<Catalogue, 'app'> | undefined,
): object {
  const product = entitlementOf(exchange)?.productId;
  const environment = toEnvironment(exchange.environment);
  const attributes = environment && catalogue?.app(appId)?.registrations[environment]?.attributes;
  return {
    ...{ id: appId, name: appName, mode, scopes },
    ...(product === undefined ? {} : { product }),
    ...(attributes === undefined ? {} : { attributes }),
  };
}

/** `role` is the code of the role the person acts in (`S8000:G8000:R8001`), or its profile id where nobody told a code. */
function userOf({ userId, signIn, role: acting }: Caller): object {
  const id = acting ?? signIn?.selectedRole;
  const role = signIn?.roles?.find((one) => one.id === id)?.code ?? id;
  return {
    ...(userId === undefined ? {} : { id: userId }),
    ...(role === undefined ? {} : { role }),
    ...(signIn ? { level: signIn.level } : {}),
  };
}
