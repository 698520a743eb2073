/** Boxes and views on a picture. Boxes are xyxy, 0-1 of width and height; views for enlarging are pixels of the picture. */
import type { Box, Candidate, Picture } from '@/api/types'

export interface View {
  x: number
  y: number
  w: number
  h: number
}

/** A box by its corner and size, 0-1 of the picture. */
export function rect(box: Pick<Box, 'xyxy'>): View {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = box.xyxy
  return { x: x0, y: y0, w: x1 - x0, h: y1 - y0 }
}

/** Where a box lies, as CSS. */
export function placed(box: Pick<Box, 'xyxy'>): Record<'left' | 'top' | 'width' | 'height', string> {
  const r = rect(box)
  return { left: `${r.x * 100}%`, top: `${r.y * 100}%`, width: `${r.w * 100}%`, height: `${r.h * 100}%` }
}

export const subjectOf = (picture: Picture): Box | undefined => picture.boxes.find((b) => b.subject)

/** The part of the picture around a box, with `margin` of its size on each side and never tiny. */
export function viewAround(box: Pick<Box, 'xyxy'> | undefined, picture: Pick<Picture, 'width' | 'height'>, margin = 0.25): View {
  const { width: W, height: H } = picture
  if (!box) return { x: 0, y: 0, w: W, h: H }
  const r = rect(box)
  const w = Math.min(W, Math.max(r.w * W * (1 + 2 * margin), W * 0.06))
  const h = Math.min(H, Math.max(r.h * H * (1 + 2 * margin), H * 0.06))
  const inside = (centre: number, size: number, most: number): number => Math.min(Math.max(centre - size / 2, 0), most - size)
  return { x: inside((r.x + r.w / 2) * W, w, W), y: inside((r.y + r.h / 2) * H, h, H), w, h }
}

export const viewBox = (v: View): string => [v.x, v.y, v.w, v.h].map((n) => n.toFixed(2)).join(' ')

/** A smaller copy of a picture, for lists. */
export const small = (url: string, width = 240): string => `${url}${url.includes('?') ? '&' : '?'}width=${width}`

/** In order of time. */
export const inOrder = (pictures: readonly Picture[]): Picture[] =>
  [...pictures].sort((a, b) => Date.parse(a.captured_at) - Date.parse(b.captured_at))

/** Where to start looking: the best picture, else the latest. `pictures` in order of time. */
export function bestIndex(candidate: Pick<Candidate, 'picture'>, pictures: readonly Picture[]): number {
  const best = pictures.findIndex((p) => p.url === candidate.picture)
  return best >= 0 ? best : Math.max(0, pictures.length - 1)
}

/** SVG points of a 0-1 polygon on a canvas of that size. */
export const points = (polygon: readonly (readonly number[])[], width: number, height: number): string =>
  polygon.map((p) => `${((p[0] ?? 0) * width).toFixed(1)},${((p[1] ?? 0) * height).toFixed(1)}`).join(' ')
