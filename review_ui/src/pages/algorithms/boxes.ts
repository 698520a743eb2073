/** Boxes drawn on a picture by dragging. Points and boxes are 0-1 of its width and height. */
import type { Interval } from './figures'

export type Point = readonly [number, number]
export type Xyxy = [number, number, number, number]

/** Smaller than this in either direction was a click, not a box. */
export const LEAST = 0.006

const within = (v: number): number => Math.min(1, Math.max(0, v))
const kept = (v: number): number => Math.round(v * 1e5) / 1e5

/** The box between two corners in any order, cut to the picture; null when it is too small to be meant. */
export function boxBetween(a: Point, b: Point): Xyxy | null {
  const [x0, x1] = [within(Math.min(a[0], b[0])), within(Math.max(a[0], b[0]))]
  const [y0, y1] = [within(Math.min(a[1], b[1])), within(Math.max(a[1], b[1]))]
  return x1 - x0 < LEAST || y1 - y0 < LEAST ? null : [kept(x0), kept(y0), kept(x1), kept(y1)]
}

/** Where a value and its interval lie on a scale from 0 to `end`, in percent. */
export function spread(of: Interval, end: number): { at: number; from: number; width: number } | null {
  if (of.value === null) return null
  const percent = (v: number): number => (within(v / end)) * 100
  const [low, high] = [percent(of.low ?? of.value), percent(of.high ?? of.value)]
  return { at: percent(of.value), from: low, width: high - low }
}
