/**
 * A trace as a drawing and as a list: a lane for each part that took a step, the steps in the order of time. The list tells
 * everything that the drawing shows, and more. Pure; without style attributes, which the policy of the pages forbids.
 */
import { html, type Html } from '../../core/html.ts';
import type { TraceStep, TraceTold } from './explain-ports.ts';
import { code, summaryList, tag, type TagColour } from './parts.ts';
import { block } from './try-answer.ts';

const mostDrawn = 40;
const mostListed = 300;
const mostText = 20_000;

export function traceDrawing(trace: TraceTold): Html {
  const { id, ids, from, milliseconds, steps, more } = trace;
  const others = ids.filter((one) => one.toUpperCase() !== id.toUpperCase());
  return html`<h2>What became of it</h2>
${summaryList([
  { key: 'Id', value: code(id) },
  { key: 'Began', value: from },
  { key: 'Took', value: `${milliseconds} ms, in ${steps.length} steps` },
  ...(others.length > 0
    ? [
        {
          key: 'Also known as',
          value: html`${others.slice(0, 20).map((one) => html`${code(one)}<br />`)}`,
        },
      ]
    : []),
])}
<figure class="hub-figure">${drawing(steps)}<figcaption>The steps from left to right in the lanes of who took them; the list below tells each.</figcaption></figure>
<h3>Step by step</h3>
<ol class="hub-steps">${steps.slice(0, mostListed).map(stepView)}</ol>
${more || steps.length > mostListed ? html`<p>There is more than is shown.</p>` : undefined}`;
}

const colours: Readonly<Record<string, TagColour>> = {
  refused: 'red',
  'gave-up': 'red',
  answered: 'green',
  acknowledged: 'green',
  translated: 'yellow',
};

function stepView(step: TraceStep): Html {
  const facts = Object.entries(step.facts ?? {});
  const place = `${step.in} in ${step.environment}${step.app === undefined ? '' : `, app ${step.app}`}`;
  return html`<li><p>${tag(step.step, colours[step.step] ?? 'blue')} ${step.says}</p>
<p class="nhsuk-hint">${place}; ${step.milliseconds} ms after the step before</p>
${facts.length > 0 ? html`<p>${facts.map(([name, value]) => html`${name} ${code(value.trim())} `)}</p>` : undefined}
${textView('Before', step.before)}${textView('After', step.after)}</li>`;
}

function textView(label: string, text: string | undefined): Html | undefined {
  if (text === undefined) return undefined;
  const shown = text.slice(0, mostText);
  return html`<details class="nhsuk-details"><summary class="nhsuk-details__summary"><span class="nhsuk-details__summary-text">${label}</span></summary><div class="nhsuk-details__text">${block(`${label} this step`, shown)}${shown.length < text.length ? html`<p>The text is longer.</p>` : undefined}</div></details>`;
}

const lane = 44;
const left = 150;
const gap = 46;

/** The picture; what it shows stands in its description and in the list. */
function drawing(steps: readonly TraceStep[]): Html {
  const drawn = steps.slice(0, mostDrawn);
  const lanes = [...new Set(drawn.map((step) => step.in))].slice(0, 12);
  const width = left + gap * drawn.length + 20;
  const height = lane * lanes.length + 20;
  const y = (name: string) => 30 + lane * Math.max(0, lanes.indexOf(name));
  const x = (index: number) => left + gap * index + 20;
  const rows = lanes.map(
    (
      name,
    ) => html`<line x1="${left}" y1="${y(name)}" x2="${width - 10}" y2="${y(name)}" stroke="#aeb7bd" stroke-width="2" />
<text x="4" y="${y(name) + 5}" font-size="13" fill="#212b32">${name.slice(0, 20)}</text>`,
  );
  const links = drawn.slice(1).map((step, i) => {
    const before = drawn[i];
    return html`<line x1="${x(i)}" y1="${y(before?.in ?? '')}" x2="${x(i + 1)}" y2="${y(step.in)}" stroke="#005eb8" stroke-width="3" />`;
  });
  const dots = drawn.map((step, i) => {
    const bad = step.step === 'refused' || step.step === 'gave-up';
    return html`<g>${bad ? html`<rect x="${x(i) - 11}" y="${y(step.in) - 11}" width="22" height="22" fill="#d5281b" />` : html`<circle cx="${x(i)}" cy="${y(step.in)}" r="12" fill="#005eb8" />`}<text x="${x(i)}" y="${y(step.in) + 5}" font-size="13" fill="#ffffff" text-anchor="middle">${i + 1}</text></g>`;
  });
  const told = drawn.map((step, i) => `${i + 1}: ${step.step}, ${step.in}`).join('; ');
  return html`<div class="hub-drawing" role="region" aria-label="Drawing of the steps" tabindex="0"><svg role="img" aria-labelledby="drawing-title drawing-text" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" xmlns="http://www.w3.org/2000/svg"><title id="drawing-title">The steps in their lanes</title><desc id="drawing-text">${told}</desc>${rows}${links}${dots}</svg></div>`;
}
