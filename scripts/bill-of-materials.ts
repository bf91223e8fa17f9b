/**
 * The bill of materials (CycloneDX 1.6) of what is installed to run, made of package-lock.json: each package with version, licence,
 * hash and what it needs. Owns the form; make-docs.ts writes or compares the file.
 */

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  /** Needed to work on the product, not to run it. */
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** @param text package-lock.json */
export function billOfMaterials(text: string): object {
  const { packages } = JSON.parse(text) as Lock; // what npm writes
  const { name = '', version = '', license = '' } = packages[''] ?? {};
  const own = { path: '', ref: purl(name, version) };
  const run = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  const refs = new Map(run.map(([path, one]) => [path, refOf(path, one)]));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        ...{ type: 'application', 'bom-ref': own.ref, name, version, purl: own.ref },
        licenses: licences(license),
      },
    },
    components: run.map(([path, one]) => componentOf(path, one)),
    dependencies: [['', packages[''] ?? {}] as const, ...run].map(([path, one]) => ({
      ref: refs.get(path) ?? own.ref,
      dependsOn: needs(one).flatMap((needed) => refs.get(placeOf(refs, path, needed)) ?? []),
    })),
  };
}

function componentOf(path: string, one: LockedPackage): object {
  const { version = '', license = '', integrity, resolved, optional } = one;
  const ref = refOf(path, one);
  const hash = /^sha512-(.+)$/.exec(integrity ?? '')?.[1];
  return {
    ...{
      type: 'library',
      'bom-ref': ref,
      name: nameOf(path),
      version,
      purl: purl(nameOf(path), version),
    },
    scope: optional ? 'optional' : 'required',
    licenses: licences(license),
    ...(hash === undefined
      ? {}
      : { hashes: [{ alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }] }),
    ...(resolved === undefined
      ? {}
      : { externalReferences: [{ type: 'distribution', url: resolved }] }),
  };
}

/** One package may be installed twice, in two places. */
function refOf(path: string, { version = '' }: LockedPackage): string {
  const inside = path.lastIndexOf('/node_modules/');
  const ref = purl(nameOf(path), version);
  return inside < 0 ? ref : `${ref}#${path.slice('node_modules/'.length, inside)}`;
}

/** `a` of `node_modules/b/node_modules/a`. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function licences(text: string): readonly object[] {
  if (text === '') return [];
  return [/ (OR|AND|WITH) |[()]/.test(text) ? { expression: text } : { license: { id: text } }];
}

function needs({ dependencies = {}, optionalDependencies = {} }: LockedPackage): readonly string[] {
  return [...new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies)])].sort();
}

/** Where Node finds a package from another one's place: below it, or below one of those around it. */
function placeOf(known: ReadonlyMap<string, unknown>, from: string, name: string): string {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const place = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
    if (known.has(place) || at === '') return place;
  }
}
