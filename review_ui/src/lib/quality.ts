/** Reading a reviewer's figures. */
import type { Drift, QualityRow } from '@/api/types'
import { day } from '@/lib/format'
import { plusDays } from '@/lib/days'

export const SHARES = ['keeps', 'rejects', 'agreement', 'planted', 'hasty'] as const
export type ShareName = (typeof SHARES)[number]
export const BYS = ['reason', 'type', 'device', 'hour'] as const
export type By = (typeof BYS)[number]

/** `86%`; `–` where nothing was tried. */
export const percent = (value: number | null): string => (value === null ? '–' : `${Math.round(value * 100)}%`)

/** `12.5` of a difference of shares, in points, without its sign. */
export const points = (difference: number): string => String(Math.round(Math.abs(difference) * 1000) / 10)

/** Whether a change for the better: of the hasty ones fewer are. */
export const better = (d: Pick<Drift, 'what' | 'difference'>): boolean => (d.what === 'hasty') === ((d.difference ?? 0) < 0)

/** The days of a period that ends today, both included. */
export function lastDays(n: number, now = new Date()): { from: string; to: string } {
  const to = day(now)
  return { from: plusDays(to, 1 - n), to }
}

/** Which of the offered lengths a period is, if it is one. */
export const lengthOf = (from: string, to: string, offered: readonly number[], now = new Date()): number | null =>
  offered.find((n) => lastDays(n, now).from === from && lastDays(n, now).to === to) ?? null

/** The rows of one kind: hours in their order, others with the most decisions first. */
export const rowsBy = (rows: readonly QualityRow[], by: By): QualityRow[] =>
  rows.filter((r) => r.by === by).sort((a, b) => (by === 'hour' ? Number(a.key) - Number(b.key) : b.decisions - a.decisions))
