/** A platform and a bash in which a guide is run, where one can be. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, openGuideShell, stepsOf, type GuideShell } from './guide-shell.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

/** Why guides cannot be run here; under CI they must be. */
export function whyNoShell(): string | undefined {
  if (process.platform === 'win32') return 'the guide is written for bash';
  if (spawnSync('curl', ['--version']).status === 0) return undefined;
  // eslint-disable-next-line no-restricted-syntax -- CI has all that tests need, and must use it
  if (process.env.CI === 'true') throw new Error('CI needs curl');
  return 'curl is not installed';
}

export interface GuideGround {
  readonly platform: TestPlatform;
  /** Undefined where guides cannot be run. */
  readonly shell: GuideShell | undefined;
  end(): Promise<void>;
}

export async function startGuideGround(): Promise<GuideGround> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-guide-'));
  const platform = await startTestPlatform();
  const environment = {
    GATEHOUSE: platform.url,
    MUTUAL_TLS: `https://localhost:${platform.tls?.test ?? 0}`,
    DATA_DIR: platform.dataDir,
    EXAMPLES: join(root, 'fixtures', 'messages', 'soap'),
  };
  const shell = whyNoShell() === undefined ? await openGuideShell(folder, environment) : undefined;
  return {
    ...{ platform, shell },
    async end() {
      await shell?.end();
      await platform.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a guide of `docs/guides`, and tells how many steps it has and which did not print what it says. */
export async function runGuide(
  shell: GuideShell,
  name: string,
): Promise<{ readonly steps: number; readonly wrong: readonly object[] }> {
  const steps = stepsOf(readFileSync(join(root, 'docs', 'guides', name), 'utf8'));
  const outputs = await shell.run(steps);
  const wrong = steps.flatMap((step, i) => {
    const output = outputs[i] ?? 'nothing: an earlier step ended the shell';
    const lacking = missing(step, output);
    return lacking.length > 0 ? [{ line: step.line, lacking, output }] : [];
  });
  return { steps: steps.length, wrong };
}
