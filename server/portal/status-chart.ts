/**
 * Small charts as inline SVG: no script, no style, colours from the stylesheet, what they show in words beside them. Owns the
 * drawing alone.
 */
import { html, type Html } from '../../core/html.ts';
import type { DayOfChecks } from './status-port.ts';

/** One bar a day; how good a day was is told by height as well as by colour. */
export function dayBars(days: readonly DayOfChecks[], label: string): Html {
  const width = 6;
  const bars = days.map(({ passed, all }, at) => {
    const kind =
      all === 0 ? 'none' : passed === all ? 'good' : passed / all >= 0.99 ? 'fair' : 'bad';
    const height = { none: 4, good: 32, fair: 24, bad: 14 }[kind];
    return html`<rect class="hub-bar hub-bar--${kind}" x="${at * width}" y="${32 - height}" width="${width - 1}" height="${height}" />`;
  });
  return html`<svg class="hub-chart" role="img" aria-label="${label}" viewBox="0 0 ${days.length * width} 32" preserveAspectRatio="none" width="540" height="32">${bars}</svg>`;
}

export interface Column {
  readonly value: number;
  /** The part of it that went wrong. */
  readonly bad: number;
}

/** Columns over time; what went wrong is the darker part at the foot. */
export function columns(values: readonly Column[], label: string): Html {
  const height = 80;
  const most = Math.max(1, ...values.map(({ value }) => value));
  const width = values.length === 0 ? 1 : 540 / values.length;
  const round = (n: number) => Math.round(n * 10) / 10;
  const bars = values.map(({ value, bad }, at) => {
    const [tall, low] = [round((value / most) * height), round((bad / most) * height)];
    const rect = (kind: string, size: number) =>
      size === 0
        ? undefined
        : html`<rect class="hub-bar hub-bar--${kind}" x="${round(at * width)}" y="${round(height - size)}" width="${round(Math.max(0.5, width - 1))}" height="${size}" />`;
    return html`${rect('calls', tall)}${rect('bad', low)}`;
  });
  return html`<svg class="hub-chart" role="img" aria-label="${label}" viewBox="0 0 540 ${height}" preserveAspectRatio="none" width="540" height="${height}">${bars}</svg>`;
}
