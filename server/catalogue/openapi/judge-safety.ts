/** The rules of publishing that keep readers safe: texts that run nothing, and no reference that leads out. */
import { below, type OpenApiDocument } from './document.ts';
import { remoteReferences } from './references.ts';
import { says, verdict, type Verdict } from './verdict.ts';

/** What a browser would run. Renderers clean as well; a published document holds none to begin with. */
const script =
  /<\s*(script|iframe|object|embed|svg|math|style|link|meta|base|form)\b|\bon[a-z]{3,20}\s{0,5}=\s{0,5}["']|(javascript|vbscript)\s{0,5}:|data:[a-z]{2,20}\/|\]\([^)\s]{0,200}&(#|colon)/i;

export function textVerdicts(document: OpenApiDocument): readonly Verdict[] {
  const found: Verdict[] = [];
  const walk = (value: unknown, pointer: string, isExample: boolean): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, one] of Object.entries(value)) {
      const at = below(pointer, name);
      if (typeof one === 'string' && texts.has(name) && !isExample)
        found.push(...ofText(name, one, at));
      else walk(one, at, isExample || data.has(name));
    }
  };
  walk(document, '', false);
  return found;
}

const texts = new Set(['title', 'summary', 'description']);

/** Below these a producer's own data stand, and names in `properties` are not keywords. */
const data = new Set(['example', 'examples', 'value', 'default', 'enum', 'const', 'properties']);

function ofText(name: string, text: string, at: string): readonly Verdict[] {
  const held = [
    verdict(
      !script.test(text.slice(0, 100_000)),
      'no-script',
      at,
      'a text holds no script and no markup that runs',
      true,
    ),
  ];
  if (name === 'description')
    held.push(verdict(says(text), 'no-empty-description', at, 'a description says something'));
  return held;
}

/** References that lead out of the document. */
export function referenceVerdicts(document: OpenApiDocument): readonly Verdict[] {
  return remoteReferences(document).map(({ pointer }) =>
    verdict(
      false,
      'no-remote-references',
      pointer,
      'the document is whole: no reference leads out of it',
      true,
    ),
  );
}
