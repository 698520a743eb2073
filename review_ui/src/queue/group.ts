/** Many alike candidates on a grid, a page at a time: where the cursor goes, what was seen, what is decided. Pure. */
import type { GroupMember } from '@/api/types'
import { small, subjectOf, viewAround, viewBox } from '@/lib/geometry'
import { keyPictures, LEAST_LOOK_MS, type ShownClock } from './shown'

export interface Grid {
  cols: number
  rows: number
}

const CELL = { w: 214, h: 148 }
const SMALL = { w: 170, h: 132 }
const GAP = 8

const LARGER = [2.2, 1.7, 1.3, 1] as const

/** As many cells as fit a room of this size (CSS pixels); larger ones where all `count` fit so. At least one. */
export function fitted(width: number, height: number, count = Infinity): Grid {
  const cell = width < 560 ? SMALL : CELL
  const along = (room: number, size: number): number => Math.max(1, Math.floor((room + GAP) / (size + GAP)))
  const grids = LARGER.map((by) => ({ cols: along(width, cell.w * by), rows: along(height, cell.h * by) }))
  return grids.find((g) => g.cols * g.rows >= count) ?? grids.at(-1) ?? { cols: 1, rows: 1 }
}

export const perPage = (grid: Grid): number => grid.cols * grid.rows
export const pagesOf = (count: number, grid: Grid): number => Math.max(1, Math.ceil(count / perPage(grid)))
export const pageOf = (index: number, grid: Grid): number => Math.floor(index / perPage(grid))

const STEPS: Record<string, (cols: number, per: number) => number> = {
  ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: (cols) => -cols, ArrowDown: (cols) => cols, PageUp: (_, per) => -per, PageDown: (_, per) => per,
}

/** Where a key takes the cursor; null when it is no key for that. Beyond the ends it stays at the first or last. */
export function moved(cursor: number, key: string, count: number, grid: Grid): number | null {
  const step = STEPS[key]
  if (key === 'Home') return 0
  if (key === 'End') return Math.max(0, count - 1)
  return step ? Math.min(Math.max(0, count - 1), Math.max(0, cursor + step(grid.cols, perPage(grid)))) : null
}

export const memberSeen = (member: GroupMember, clock: Pick<ShownClock, 'ms'>): boolean => keyPictures(member.pictures).every((p) => clock.ms(p.id) >= LEAST_LOOK_MS)

/** What goes out: those ticked, each with what was on screen of it; the time is shared evenly. */
export function decidedOn(members: readonly GroupMember[], unticked: ReadonlySet<number>, clock: Pick<ShownClock, 'ms'>, ms: number) {
  const chosen = members.filter((m) => !unticked.has(m.candidate.id))
  const seconds = Math.min(86_400, Math.round(ms / Math.max(1, chosen.length) / 100) / 10)
  return chosen.map((m) => ({ id: m.candidate.id, seconds, shown: m.pictures.map((p) => ({ picture: p.id, ms: Math.round(clock.ms(p.id)) })).filter((s) => s.ms > 0) }))
}

const WIDTHS = [480, 960, 1440] as const
const MARGIN = 0.45
const CROP_PX = 200

/** The subject of its first and latest picture: the part to show, and the smallest copy that is sharp enough for it. */
export function cropsOf(member: GroupMember) {
  return keyPictures(member.pictures).map((p) => {
    const view = viewAround(subjectOf(p), p, MARGIN)
    const sharp = WIDTHS.find((w) => w >= (p.width * CROP_PX) / view.w)
    return { p, view: viewBox(view), url: sharp && sharp < p.width ? small(p.url, sharp) : p.url }
  })
}
