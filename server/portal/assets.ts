/**
 * The static files of the hub: read once, offered under names with a hash of their content, so that browsers keep them for ever.
 * Owns their addresses; styles come from scripts/make-styles.mjs, hub.css and navigation.css.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { Problem } from '../../core/problem.ts';

export interface Assets {
  /** The address of a file: `styles.css` is `/assets/styles-0a1b2c3d4e5f.css`. */
  href(name: AssetName): string;
  /** Answers with the file of an address. @throws Problem `not-found` */
  serve(exchange: Exchange): Reply;
}

export type AssetName = 'styles.css' | 'mark.svg' | 'try.js';

/** Where they are. */
export const assetsBase = '/assets';

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  js: 'text/javascript; charset=utf-8',
};

interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
}

/** @param root the folder with package.json */
export function readAssets(root: string): Assets {
  const dir = join(root, 'server', 'portal', 'assets');
  const read = (name: string) => readFileSync(join(dir, name), 'utf8');
  const byAddress = new Map<string, Asset>();
  const byName = new Map<string, string>();
  const keep = (name: string, text: string): string => {
    const [stem = '', ending = ''] = name.split('.');
    const address = `${assetsBase}/${stem}-${hash('sha256', text, 'hex').slice(0, 12)}.${ending}`;
    const plain = Buffer.from(text);
    byAddress.set(address, { type: types[ending] ?? '', plain, packed: gzipSync(plain) });
    byName.set(name, address);
    return address;
  };
  keep('mark.svg', read('mark.svg'));
  keep('try.js', read('try.js'));
  // The icons of the stylesheet are files of their own: the policy of the pages lets no data: address in.
  const nhsuk = read('nhsuk.css').replace(
    /url\("icons\/([a-z-]+\.svg)"\)/g,
    (_all, name: string) => `url("${byName.get(name) ?? keep(name, read(join('icons', name)))}")`,
  );
  keep('styles.css', [nhsuk, read('hub.css'), read('navigation.css')].join('\n'));
  return {
    href: (name) => byName.get(name) ?? '',
    serve(exchange) {
      const asset = byAddress.get(exchange.path);
      if (!asset) throw new Problem('not-found', 'There is no such file');
      const packed = /\bgzip\b/.test(exchange.headers['accept-encoding'] ?? '');
      return {
        status: 200,
        headers: {
          'content-type': asset.type,
          'cache-control': 'public, max-age=31536000, immutable',
          'x-content-type-options': 'nosniff',
          vary: 'accept-encoding',
          ...(packed ? { 'content-encoding': 'gzip' } : {}),
        },
        body: packed ? asset.packed : asset.plain,
      };
    },
  };
}
