/**
 * What the hub is told of interfaces that no OpenAPI document describes, by the id of their Api: filled from the tables that the
 * services run by and the example pairs in fixtures/messages. Owns which Api is told of where.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { meshApiId } from './mesh-proxies.ts';
import { directoryMessages } from './hub-messages-directory.ts';
import { meshMessages } from './hub-messages-mesh.ts';
import { nemsMessages } from './hub-messages-nems.ts';
import { nemsApiId } from './nems-proxies.ts';
import { spineMessages } from './hub-messages-spine.ts';
import { ssoMessages } from './hub-messages-sso.ts';
import type { ExampleReader, MessageDocumentation } from './portal/api-messages.ts';

/** Reads example files once, at the first question. @param root the folder with package.json */
export function openMessageDocumentation(
  root: string,
): (api: string) => MessageDocumentation | undefined {
  let known: Readonly<Record<string, MessageDocumentation>> | undefined;
  return (api) => {
    known ??= {
      ...spineMessages(exampleReader(join(root, 'fixtures', 'messages'))),
      [meshApiId]: meshMessages,
      [nemsApiId]: nemsMessages(exampleReader(join(root, 'fixtures', 'nems'))),
      ...directoryMessages,
      ...ssoMessages,
    };
    return Object.hasOwn(known, api) ? known[api] : undefined;
  };
}

const types: Readonly<Record<string, string>> = {
  xml: 'application/xml',
  json: 'application/json',
  mime: 'text/plain',
};

function exampleReader(dir: string): ExampleReader {
  return (folder) => {
    const path = join(dir, folder);
    const last = folder.slice(folder.indexOf('/') + 1);
    const prefix = folder.includes('/') ? `${last}-` : '';
    return namesIn(path).map((name) => {
      const [stem = '', ending = ''] = name.split('.');
      return {
        file: prefix + name,
        title: titleOf(stem, ending, prefix !== ''),
        type: types[ending] ?? 'text/plain',
        text: readFileSync(join(path, name), 'utf8'),
      };
    });
  };
}

/** Requests first. */
function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path)
      .filter((name) => /\.(xml|json|mime)$/.test(name))
      .sort(
        (a, b) =>
          Number(b.startsWith('request')) - Number(a.startsWith('request')) || a.localeCompare(b),
      );
  } catch {
    return []; // an interaction without examples has no folder
  }
}

function titleOf(stem: string, ending: string, isPair: boolean): string {
  const what = stem.replaceAll('-', ' ');
  const words = what.slice(0, 1).toUpperCase() + what.slice(1);
  return isPair && ending === 'json' ? `${words}, as data of the FHIR side` : words;
}
