// Makes server/portal/assets/nhsuk.css and its icons from the Sass of nhsuk-frontend: without its fonts, which are fetched from
// elsewhere and licensed to the NHS, and without its header and footer, which carry a protected logo. The result is checked in, so
// that serving and building need neither. Run it after a change of the list or a version: node scripts/make-styles.mjs
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = ['nhsuk-frontend@10.6.1', 'sass@1.108.2'];
const components = [
  ...[
    'button',
    'error-message',
    'error-summary',
    'fieldset',
    'hint',
    'label',
    'checkboxes',
    'input',
  ],
  ...[
    'radios',
    'select',
    'textarea',
    'character-count',
    'date-input',
    'file-upload',
    'search-input',
  ],
  ...[
    'code',
    'details',
    'do-dont-list',
    'inset-text',
    'notification-banner',
    'panel',
    'summary-list',
  ],
  ...['tables', 'tabs', 'tag', 'task-list', 'warning-callout', 'action-link', 'back-link'],
  ...['contents-list', 'pagination', 'skip-link', 'breadcrumb', 'card'],
];
const assets = join(dirname(fileURLToPath(import.meta.url)), '..', 'server', 'portal', 'assets');

const dir = mkdtempSync(join(tmpdir(), 'gatehouse-styles-'));
try {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-save'];
  execFileSync(npm, ['install', ...quiet, '--prefix', dir, ...packages], { stdio: 'inherit' });
  const from = join(dir, 'node_modules', 'nhsuk-frontend');
  const source = [
    '@use "nhsuk/core/settings" with ($nhsuk-font-family: (arial, sans-serif), $nhsuk-images-path: "icons/");',
    '@forward "nhsuk/core";',
    ...components.map((name) => `@forward "nhsuk/components/${name}";`),
  ].join('\n');
  writeFileSync(join(dir, 'hub.scss'), source);
  const css = execFileSync(process.execPath, [
    ...[join(dir, 'node_modules', 'sass', 'sass.js'), '--style=compressed', '--no-source-map'],
    ...[`--load-path=${join(from, 'dist')}`, join(dir, 'hub.scss')],
  ])
    .toString()
    .replace(/^\uFEFF/, ''); // a mark of the encoding within the file would spoil the first rule
  if (/@font-face|https?:\/\/(?!www\.w3\.org)|data:|logo/i.test(css))
    throw new Error('the stylesheet names a font, a logo or an address');
  const icons = new Set(
    [...css.matchAll(/url\("icons\/([a-z-]+\.svg)"\)/g)].map(([, name]) => name),
  );
  mkdirSync(join(assets, 'icons'), { recursive: true });
  for (const name of icons)
    copyFileSync(
      join(from, 'dist', 'nhsuk', 'assets', 'images', name),
      join(assets, 'icons', name),
    );
  const [{ license, version }] = [JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'))];
  const note = `/*! nhsuk-frontend ${version}, ${license} licence, Copyright (c) NHS England, https://github.com/nhsuk/nhsuk-frontend; made by scripts/make-styles.mjs, see LICENSE-nhsuk.txt */\n`;
  writeFileSync(join(assets, 'nhsuk.css'), note + css);
  console.error(`nhsuk.css: ${css.length} bytes, ${icons.size} icons`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
