/** Correcting a box by mouse or keys. Boxes are xyxy, 0-1 of the picture's width and height; they never leave it. */
export type Xyxy = [number, number, number, number]
export type Grip = 'move' | 'nw' | 'ne' | 'sw' | 'se'

export const LEAST = 0.008
const within = (n: number, low: number, high: number): number => Math.min(Math.max(n, low), high)

/** Dragged by a corner, or whole. */
export function dragged([x0, y0, x1, y1]: Xyxy, grip: Grip, dx: number, dy: number): Xyxy {
  if (grip === 'move') {
    const [mx, my] = [within(dx, -x0, 1 - x1), within(dy, -y0, 1 - y1)]
    return [x0 + mx, y0 + my, x1 + mx, y1 + my]
  }
  const west = grip.endsWith('w')
  const north = grip.startsWith('n')
  return [
    west ? within(x0 + dx, 0, x1 - LEAST) : x0,
    north ? within(y0 + dy, 0, y1 - LEAST) : y0,
    west ? x1 : within(x1 + dx, x0 + LEAST, 1),
    north ? y1 : within(y1 + dy, y0 + LEAST, 1),
  ]
}

export const same = (a: readonly Xyxy[], b: readonly Xyxy[]): boolean =>
  a.length === b.length && a.every((box, i) => box.every((n, j) => Math.abs(n - (b[i]?.[j] ?? -1)) < 1e-6))

/** Written with as many digits as a picture has pixels for. */
export const rounded = (box: Xyxy): Xyxy => box.map((n) => Math.round(n * 1e5) / 1e5) as Xyxy
