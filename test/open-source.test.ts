/** That the product is open: what stands in the repository, what it is made of, and what it needs to start. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../server/config.ts';
import { root, startTestPlatform } from './start-platform.ts';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly 'bom-ref': string;
  readonly scope: string;
  readonly licenses: readonly {
    readonly license?: { readonly id: string };
    readonly expression?: string;
  }[];
  readonly hashes?: readonly { readonly content: string }[];
  readonly externalReferences?: readonly { readonly url: string }[];
}

interface Bom {
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const text = (name: string) => readFileSync(join(root, name), 'utf8');
const bom = () => JSON.parse(text('docs/sbom.cdx.json')) as Bom; // scripts/bill-of-materials.ts makes it
const manifest = () =>
  JSON.parse(text('package.json')) as {
    license: string;
    scripts: Record<string, string>;
    dependencies: Record<string, string>;
  }; // as npm defines it

describe('the product as open source', function () {
  this.timeout(60_000);

  it('R138 has licence, contribution guide, changelog and bill of materials in the repository', () => {
    assert.match(text('LICENSE'), /Apache License\s+Version 2\.0/);
    assert.match(text('CONTRIBUTING.md'), /Changes are welcome/);
    assert.match(text('CHANGELOG.md'), /## \[Unreleased\]/);
    const { components, dependencies } = bom();
    const refs = new Set(components.map((one) => one['bom-ref']));
    assert.equal(refs.size, components.length);
    for (const [name, version] of Object.entries(manifest().dependencies))
      assert.ok(
        components.some((one) => one.name === name && one.version === version),
        name,
      );
    for (const { name, licenses, hashes } of components) {
      assert.equal(licenses.length, 1, name);
      assert.match(hashes?.[0]?.content ?? '', /^[0-9a-f]{128}$/, name);
    }
    for (const { dependsOn } of dependencies)
      for (const ref of dependsOn) assert.ok(refs.has(ref), ref);
    const needed = dependencies.flatMap(({ dependsOn }) => dependsOn);
    for (const ref of refs) assert.ok(needed.includes(ref), `${ref} is needed by something`);
  });

  it('R129 is free to use, starts with one command, and needs nothing that is paid for or in a cloud alone', async () => {
    assert.equal(manifest().license, 'Apache-2.0');
    const open =
      /^(MIT|ISC|0BSD|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|BlueOak-1\.0\.0|MIT-0|Python-2\.0|PSF-2\.0|Unlicense)$/;
    for (const { name, licenses, externalReferences } of bom().components) {
      const [{ license, expression } = {}] = licenses;
      const terms = license?.id ?? expression ?? '';
      const choices = terms.replace(/[()]/g, '').split(/ OR /);
      assert.ok(
        choices.some((one) => open.test(one)),
        `${name}: ${terms}`,
      );
      for (const { url } of externalReferences ?? []) assert.match(url, /^https:\/\//, name);
    }
    assert.equal(manifest().scripts.start, 'node scripts/start.mjs');
    assert.ok(existsSync(join(root, 'scripts/start.mjs')));
    assert.match(text('README.md'), /^npm start$/m);
    // Without any setting it names no other machine, and what it serves it serves by itself.
    const elsewhere = Object.entries(loadConfig({})).filter(([, value]) =>
      /^(https?|mongodb|smtps?):\/\/(?!localhost|127\.)/.test(String(value)),
    );
    assert.deepEqual(elsewhere, []);
    const platform = await startTestPlatform();
    try {
      assert.equal((await platform.call('/Patient/9000000009')).status, 200);
      assert.equal((await fetch(`${platform.url}/catalogue`)).status, 200);
    } finally {
      await platform.end();
    }
  });
});
