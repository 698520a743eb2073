/** What was measured of a camera's picture, in words. Shares are told in percent. */
import type { Condition } from '@/api/types'
import { maybe, t, type Key } from '@/i18n'
import { short } from '@/lib/format'

const SHARES = new Set(['shift_most', 'zoom', 'sharpness', 'flat_share', 'alike_share', 'shape'])

export function measured(c: Pick<Condition, 'measure' | 'value' | 'limit'>): string {
  const scale = SHARES.has(c.measure) ? 100 : 1
  const values = { value: short(c.value * scale), limit: short(c.limit * scale) }
  const key = `measure.${c.measure}`
  return maybe(key, '') ? t(key as Key, values) : `${c.measure} ${values.value} (${values.limit})`
}

export const kindOf = (c: Pick<Condition, 'kind'>): string => maybe(`condition.${c.kind}`, c.kind)

/** Seconds that it lasted, or has lasted so far. */
export const lasted = (c: Pick<Condition, 'since' | 'until'>, now = Date.now()): number => Math.max(0, ((c.until ? Date.parse(c.until) : now) - Date.parse(c.since)) / 1000)
