/** Which pictures were on screen, and for how long (milliseconds). */
import type { Picture, Shown } from '@/api/types'

export class ShownClock {
  private readonly total = new Map<number, number>()
  private readonly since = new Map<number, number>()

  constructor(private readonly now: () => number) {}

  /** `seen` holds every picture that is on screen now. */
  onScreen(seen: ReadonlySet<number>): void {
    const at = this.now()
    for (const [id, from] of this.since) {
      this.total.set(id, (this.total.get(id) ?? 0) + at - from)
      this.since.delete(id)
    }
    for (const id of seen) {
      this.since.set(id, at)
      if (!this.total.has(id)) this.total.set(id, 0)
    }
  }

  /** Milliseconds so far, the present look included. */
  ms(id: number): number {
    const from = this.since.get(id)
    return (this.total.get(id) ?? 0) + (from === undefined ? 0 : this.now() - from)
  }

  result(): Shown[] {
    this.onScreen(new Set(this.since.keys()))
    return [...this.total].map(([picture, ms]) => ({ picture, ms: Math.round(ms) })).slice(0, 100)
  }
}

/** Less is no look: it also keeps a key pressed twice from deciding the next one. */
export const LEAST_LOOK_MS = 400

/** The pictures that must have been seen before anything is decided: the first and the latest. */
export function keyPictures(pictures: readonly Picture[]): Picture[] {
  if (!pictures.length) return []
  const byTime = [...pictures].sort((a, b) => Date.parse(a.captured_at) - Date.parse(b.captured_at))
  const first = byTime.find((p) => p.role === 'first') ?? byTime[0]
  const latest = byTime.findLast((p) => p.role === 'latest') ?? byTime.at(-1)
  return [...new Set([first, latest])].filter((p) => p !== undefined)
}
