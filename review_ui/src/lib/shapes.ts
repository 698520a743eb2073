/** Polygons and lines as they are drawn: pure, in any plane (0-1 of a picture; longitude, latitude on the ground). */
import type { Shape } from '@/api/types'
import type { Key } from '@/i18n'

export type Point = readonly [number, number]
export type Space = 'picture' | 'ground'
/** Why something cannot stay as drawn: a message and what fills it. */
export interface Refusal {
  key: Key
  values?: Record<string, string | number>
}

export const LINE = 'door_line'
export const isLine = (shape: { kind: string }): boolean => shape.kind === LINE
export const pointsOf = (shape: Pick<Shape, 'polygon'>): Point[] => shape.polygon.map((p) => [p[0] ?? 0, p[1] ?? 0])
const same = (a: Point, b: Point): boolean => a[0] === b[0] && a[1] === b[1]

/** Twice the signed area of a triangle: which side of a→b the point c lies on. */
const side = (a: Point, b: Point, c: Point): number => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
const between = (a: Point, b: Point, c: Point): boolean =>
  Math.min(a[0], b[0]) <= c[0] && c[0] <= Math.max(a[0], b[0]) && Math.min(a[1], b[1]) <= c[1] && c[1] <= Math.max(a[1], b[1])

/** Whether two segments have a point in common, ends included. */
export function meet(a: Point, b: Point, c: Point, d: Point): boolean {
  const [s1, s2, s3, s4] = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)]
  if (s1 * s2 < 0 && s3 * s4 < 0) return true
  return (s1 === 0 && between(a, b, c)) || (s2 === 0 && between(a, b, d)) || (s3 === 0 && between(c, d, a)) || (s4 === 0 && between(c, d, b))
}

/** The first two sides (counted from 1) that cross or touch though they are not neighbours; none: null. */
export function crossing(points: readonly Point[], closed: boolean): [number, number] | null {
  const n = points.length
  const sides = closed ? n : n - 1
  const at = (i: number): Point => points[i % n] as Point
  for (let i = 0; i < sides; i++) {
    for (let j = i + 1; j < sides; j++) {
      const neighbours = j === i + 1 || (closed && i === 0 && j === sides - 1)
      if (!neighbours && meet(at(i), at(i + 1), at(j), at(j + 1))) return [i + 1, j + 1]
      // Neighbours share one end; folded back onto each other they share more.
      if (neighbours && sides > 2) {
        const [a, b, c] = j === i + 1 ? [at(i), at(i + 1), at(j + 1)] : [at(j), at(0), at(1)]
        const back = (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]) > 0
        if (side(a, b, c) === 0 && back) return [i + 1, j + 1]
      }
    }
  }
  return null
}

/** Index of the first point that leaves the plane, -1 when none does. */
export function outside(points: readonly Point[], space: Space): number {
  return points.findIndex(([x, y]) => (space === 'picture' ? x < 0 || x > 1 || y < 0 || y > 1 : Math.abs(x) > 180 || Math.abs(y) > 90))
}

/** Why these points cannot be a zone (closed) or a line; null when they can. */
export function refusal(points: readonly Point[], closed: boolean, space: Space): Refusal | null {
  const out = outside(points, space)
  if (out >= 0) return { key: 'zone.no.outside', values: { n: out + 1 } }
  const least = closed ? 3 : 2
  const different = points.filter((p, i) => points.findIndex((q) => same(p, q)) === i).length
  if (different < least) return { key: 'zone.no.few', values: { n: least } }
  if (different < points.length) return { key: 'zone.no.twice' }
  const crossed = crossing(points, closed)
  if (crossed) return { key: 'zone.no.cross', values: { a: crossed[0], b: crossed[1] } }
  if (closed && Math.abs(area(points)) === 0) return { key: 'zone.no.flat' }
  return null
}

/** Signed area. */
export function area(points: readonly Point[]): number {
  return points.reduce((sum, p, i) => {
    const q = points[(i + 1) % points.length] as Point
    return sum + (p[0] * q[1] - q[0] * p[1]) / 2
  }, 0)
}

export const shifted = (points: readonly Point[], dx: number, dy: number): Point[] => points.map(([x, y]) => [x + dx, y + dy])
export const replaced = (points: readonly Point[], i: number, p: Point): Point[] => points.map((q, j) => (j === i ? p : q))
/** With a point between i and the next one. */
export const inserted = (points: readonly Point[], i: number, p: Point): Point[] => [...points.slice(0, i + 1), p, ...points.slice(i + 1)]
export const removed = (points: readonly Point[], i: number): Point[] => points.filter((_, j) => j !== i)
export const middle = (a: Point, b: Point): Point => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]
export const centre = (points: readonly Point[]): Point => {
  const n = Math.max(1, points.length)
  return [points.reduce((s, p) => s + p[0], 0) / n, points.reduce((s, p) => s + p[1], 0) / n]
}

/** The nearest of some points within reach; else the point itself. All in one plane, e.g. screen pixels. */
export function snapped(p: Point, others: readonly Point[], reach: number): Point {
  let [best, least] = [p, reach]
  for (const o of others) {
    const away = Math.hypot(o[0] - p[0], o[1] - p[1])
    if (away < least) [best, least] = [o, away]
  }
  return best
}

const M_PER_DEGREE = 111_320
/** A strip along a door line (longitude, latitude), `depth` metres deep on the side of `towards`: up to the building line. */
export function strip(line: readonly Point[], depth: number, towards: Point): Point[] {
  const [a, b] = [line[0] as Point, line.at(-1) as Point]
  const east = M_PER_DEGREE * Math.cos((a[1] * Math.PI) / 180)
  const [dx, dy] = [(b[0] - a[0]) * east, (b[1] - a[1]) * M_PER_DEGREE]
  const length = Math.hypot(dx, dy)
  const sign = side(a, b, towards) >= 0 ? 1 : -1
  const out: Point = [((-dy / length) * depth * sign) / east, ((dx / length) * depth * sign) / M_PER_DEGREE]
  return [a, b, [b[0] + out[0], b[1] + out[1]], [a[0] + out[0], a[1] + out[1]]]
}

/** The point of some lines that is nearest to p, by degrees: good enough to tell the street's side. */
export function nearestOn(lines: readonly (readonly Point[])[], p: Point): Point | null {
  let [best, least]: [Point | null, number] = [null, Infinity]
  for (const line of lines) {
    for (let i = 0; i + 1 < line.length; i++) {
      const [a, b] = [line[i] as Point, line[i + 1] as Point]
      const [dx, dy] = [b[0] - a[0], b[1] - a[1]]
      const share = Math.min(1, Math.max(0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy || 1)))
      const on: Point = [a[0] + share * dx, a[1] + share * dy]
      const away = Math.hypot(on[0] - p[0], on[1] - p[1])
      if (away < least) [best, least] = [on, away]
    }
  }
  return best
}

/** A code that no shape has yet: the base and the next number. */
export function freshCode(base: string, taken: Iterable<string>): string {
  const used = new Set(taken)
  for (let n = 1; ; n++) if (!used.has(`${base}-${n}`)) return `${base}-${n}`
}

/** What a saving would do: codes that are new, changed and gone. */
export function difference(before: readonly Shape[], now: readonly Shape[]): Record<'added' | 'changed' | 'ended', Shape[]> {
  // Version numbers are the server's: what was read from a file or an older version has none of its own.
  const said = ({ version: _version, ...rest }: Shape): string => JSON.stringify(Object.entries(rest).sort(([a], [b]) => a.localeCompare(b)))
  const was = new Map(before.map((s) => [s.code, said(s)]))
  const codes = new Set(now.map((s) => s.code))
  return {
    added: now.filter((s) => !was.has(s.code)),
    changed: now.filter((s) => was.has(s.code) && was.get(s.code) !== said(s)),
    ended: before.filter((s) => !codes.has(s.code)),
  }
}
