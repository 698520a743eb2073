/** Reading what `jiexun model evaluate --json` printed: any part may be missing, nothing is made up. */
export interface Interval {
  value: number | null
  low: number | null
  high: number | null
}
export interface ClassRow {
  name: string
  ap50: Interval
  ap: Interval
  precision: Interval
  recall: Interval
  boxes: number | null
}
export interface FigureSet {
  classes: ClassRow[]
  mean: ClassRow | null
  false100: Interval
  pictures: number | null
  negatives: number | null
}
type Table = Record<string, unknown>

const table = (value: unknown): Table => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {})
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)

function interval(of: Table, name: string): Interval {
  const ci = of[`${name}_ci`]
  const [low, high] = Array.isArray(ci) ? ci : []
  return { value: number(of[name]), low: number(low), high: number(high) }
}

/** The three domain classes come first, in the order of the sheet; others follow by name; `mean` stands apart. */
const ORDER = ['stall', 'shop_goods', 'pile']
const rank = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)

export function figureSet(figures: Readonly<Record<string, unknown>>): FigureSet {
  const [ap50, ap, precision, recall, boxes] = ['ap50', 'ap50_95', 'precision', 'recall', 'boxes'].map((k) => table(figures[k])) as [Table, Table, Table, Table, Table]
  const row = (name: string): ClassRow => ({
    name, ap50: interval(ap50, name), ap: interval(ap, name), precision: interval(precision, name), recall: interval(recall, name), boxes: number(boxes[name === 'mean' ? 'all' : name]),
  })
  const names = Object.keys(ap50).filter((n) => n !== 'mean' && !n.endsWith('_ci') && number(ap50[n]) !== null)
  return {
    classes: names.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b)).map(row),
    mean: number(ap50['mean']) === null ? null : row('mean'),
    false100: interval(figures, 'false_per_100_negatives'),
    pictures: number(figures['pictures']),
    negatives: number(figures['negatives']),
  }
}

/** The file's hash that figures are of, and the split that they were measured on. */
export function measured(figures: Readonly<Record<string, unknown>>): { sha256: string | null; split: string | null } {
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
  return { sha256: text(table(figures['model'])['sha256']), split: text(table(figures['data'])['split']) }
}

/** `0.63`, `–` where nothing was measured. */
export const share = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : value.toFixed(2))
/** `0.41–0.84`; empty where there is no interval. */
export const range = (of: Pick<Interval, 'low' | 'high'>, digits = 2): string =>
  of.low === null || of.high === null ? '' : `${of.low.toFixed(digits)}–${of.high.toFixed(digits)}`

/** A scale's end for values and intervals: the next 1, 2 or 5 times a power of ten. */
export function scaleEnd(values: readonly (number | null)[]): number {
  const most = Math.max(0, ...values.map((v) => v ?? 0))
  if (most <= 0) return 1
  const unit = 10 ** Math.floor(Math.log10(most))
  return [1, 2, 5, 10].map((n) => n * unit).find((end) => end >= most * (1 - 1e-9)) ?? 10 * unit
}
