/**
 * The block `x-nhsd-apim` of existing national documents as ours, leniently: what has no counterpart here is told. Owns the
 * reading of that block.
 */
import type { BackendSecurity } from '../proxies.ts';
import type { RateLimits } from '../products.ts';
import { isObject, listOf, objectOf, textOf } from './document.ts';
import type { Access, AttributeHeader, Extension } from './extension-schema.ts';
import { accessLevel } from './security-schemes.ts';

interface Read {
  readonly extension: Extension;
  readonly warnings: readonly string[];
}

const known = new Set(
  `temporary monitoring delegatedaccess access target target-identity target-attributes ratelimiting`.split(
    ' ',
  ),
);

export function fromNational(block: unknown): Read {
  if (!isObject(block)) return { extension: {}, warnings: [] };
  const warnings: string[] = [];
  const warn = (at: string, message: string) => warnings.push(`/x-nhsd-apim/${at}: ${message}`);
  for (const name of Object.keys(block))
    if (!known.has(name)) warn(name.slice(0, 50), 'is not known here');
  const target = objectOf(block.target);
  const attributes = [
    ...listOf(block['target-attributes']),
    ...listOf(target['target-attributes']),
  ];
  const identity = block['target-identity'] ?? target['target-identity'];
  if (identity !== undefined)
    warn(
      'target-identity',
      'the back end gets the identity fields of this platform, under their own names',
    );
  if (block.delegatedaccess === true)
    warn('delegatedaccess', 'tokens of people who act for others are not issued here');
  const url = textOf(target.url);
  if (target.type === 'hosted')
    warn('target', 'containers are not run here; name a back end when deploying');
  const extension: Extension = {
    ...(block.access === undefined ? {} : { access: accessOf(block.access, warn) }),
    ...(url === undefined
      ? {}
      : { target: { url: url.replace(/\/+$/, ''), ...targetParts(target, warn) } }),
    ...(attributes.length === 0 ? {} : { attributes: attributes.flatMap(attributeOf) }),
    ...(isObject(block.ratelimiting)
      ? { limits: limitsOf(objectOf(block.ratelimiting), warn) }
      : {}),
  };
  return { extension, warnings };
}

type Warn = (at: string, message: string) => void;

/** One entry, one Product; an entry that grants nothing lets everybody in, and so does an empty list. */
function accessOf(access: unknown, warn: Warn): readonly Access[] {
  const entries = listOf(access);
  if (entries.length === 0) return [{ mode: 'open' }];
  return entries.flatMap((one, i) => {
    const { title, grants } = objectOf(one);
    const named = typeof title === 'string' ? { title } : {};
    const levels = Object.entries(objectOf(grants));
    if (levels.length === 0) return [{ mode: 'open' as const, ...named }];
    return levels.flatMap(([name, scopes]) => {
      const level = accessLevel(name);
      if (!level) warn(`access/${i}`, 'a level that is not known here; nobody is let in by it');
      return level ? [{ ...named, ...toAccess(level, listOf(scopes)) }] : [];
    });
  });
}

function toAccess(
  { mode, level }: { mode: Access['mode']; level?: string },
  scopes: readonly unknown[],
): Access {
  const texts = scopes.filter((one): one is string => typeof one === 'string');
  return {
    mode,
    ...(level === undefined ? {} : { levels: [level] }),
    ...(texts.length === 0 ? {} : { scopes: texts }),
  };
}

function targetParts(
  target: Readonly<Record<string, unknown>>,
  warn: Warn,
): { healthcheck?: string; security?: BackendSecurity } {
  const healthcheck = textOf(target.healthcheck);
  const { type, secret, header } = objectOf(target.security);
  const parts = healthcheck?.startsWith('/') ? { healthcheck } : {};
  if (type === undefined || typeof secret !== 'string') return parts;
  if (type === 'mtls') return { ...parts, security: { kind: 'mtls', secret } };
  if (type === 'apikey')
    return { ...parts, security: { kind: 'key', header: textOf(header) ?? 'apikey', secret } };
  warn('target/security', 'a type that is not known here; the back end is called without');
  return parts;
}

const sources: Readonly<Record<string, string>> = {
  'developer.app.name': 'app.name',
  'developer.app.id': 'app.id',
  asid: 'app.asid',
};

function attributeOf(one: unknown): readonly AttributeHeader[] {
  const { name, header, required } = objectOf(one);
  if (typeof name !== 'string' || !/^[\w.-]{1,100}$/.test(name)) return [];
  const from = Object.hasOwn(sources, name) ? sources[name] : undefined;
  return [
    {
      from: from ?? `app.attribute.${name}`,
      header: textOf(header) ?? name,
      ...(required === true ? { required } : {}),
    },
  ];
}

function limitsOf(
  block: Readonly<Record<string, unknown>>,
  warn: Warn,
): NonNullable<Extension['limits']> {
  const proxy = limitOf(block.proxy, 'proxy', warn);
  const app = limitOf(block['app-default'], 'app-default', warn);
  return { ...(proxy ? { proxy } : {}), ...(app ? { app } : {}) };
}

const units = new Set(['second', 'minute', 'hour', 'day', 'week', 'month']);

function limitOf(value: unknown, at: string, warn: Warn): RateLimits | undefined {
  if (value === undefined) return undefined;
  const { limit, timeunit, interval } = objectOf(value);
  const unit = textOf(timeunit)?.toLowerCase().replace(/s$/, '') ?? 'minute';
  const count = Number(limit);
  if (!Number.isSafeInteger(count) || count < 1 || !units.has(unit)) {
    warn(`ratelimiting/${at}`, 'is no limit that is known here; there is none');
    return undefined;
  }
  const each = Number.isSafeInteger(interval) && Number(interval) > 0 ? Number(interval) : 1;
  // One of `units`, as just seen.
  return {
    quota: { limit: count, interval: each, unit: unit as NonNullable<RateLimits['quota']>['unit'] },
  };
}
