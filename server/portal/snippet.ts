/** The languages in which a call is shown as code. Owns their order; each is in a file of its own, what they share in snippet-parts.ts. */
import { curl } from './snippet-curl.ts';
import { csharp } from './snippet-csharp.ts';
import { go } from './snippet-go.ts';
import { java } from './snippet-java.ts';
import { javascript } from './snippet-javascript.ts';
import { php } from './snippet-php.ts';
import { powershell } from './snippet-powershell.ts';
import { python } from './snippet-python.ts';
import type { Language } from './snippet-parts.ts';
import { ruby } from './snippet-ruby.ts';

export const languages: readonly Language[] = [
  curl,
  javascript,
  python,
  java,
  csharp,
  go,
  php,
  ruby,
  powershell,
];
