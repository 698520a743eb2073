import { describe, expect, it } from 'vitest'
import { AGAIN_MS, listen, type Told } from '@/queue/live'

/** A stream that the test drives. */
class Source {
  readyState = 0
  closed = false
  private readonly ears = new Map<string, ((event: Event) => void)[]>()
  addEventListener = (name: string, ear: (event: never) => void): void => void this.ears.set(name, [...(this.ears.get(name) ?? []), ear as (event: Event) => void])
  close = (): void => void (this.closed = true)
  tell(name: string, data = ''): void {
    for (const ear of this.ears.get(name) ?? []) ear({ data } as unknown as Event)
  }
}

function aStream() {
  const sources: Source[] = []
  const timers: { act: () => void; ms: number }[] = []
  const told: Told[] = []
  const seen = { counts: 0, opened: 0 }
  const live = listen('/events', {
    open: () => {
      const one = new Source()
      sources.push(one)
      return one as unknown as EventSource
    },
    later: (act, ms) => {
      timers.push({ act, ms })
      return () => void timers.splice(0)
    },
    candidate: (t) => void told.push(t),
    counts: () => void seen.counts++,
    opened: () => void seen.opened++,
  })
  return { live, sources, timers, told, seen }
}

describe('what the server tells', () => {
  it('hands on candidates and counts, and leaves out what it cannot read', () => {
    const { sources, told, seen } = aStream()
    sources[0]?.tell('candidate', '{"id": 7, "change": "withdrawn", "state": "withdrawn"}')
    sources[0]?.tell('candidate', 'not json')
    sources[0]?.tell('candidate', '{"id": "7"}')
    sources[0]?.tell('counts', '{}')
    expect(told).toEqual([{ id: 7, change: 'withdrawn', state: 'withdrawn' }])
    expect(seen.counts).toBe(1)
  })
  it('leaves a lost connection to the browser, and opens again what the server closed', () => {
    const { live, sources, timers, seen } = aStream()
    sources[0]?.tell('open')
    expect(live.on()).toBe(true)
    sources[0]?.tell('error') // the browser connects again
    expect([live.on(), timers.length]).toEqual([false, 0])
    const first = sources[0] as Source
    first.readyState = 2
    first.tell('error')
    expect(timers.map((t) => t.ms)).toEqual([AGAIN_MS])
    timers[0]?.act()
    sources[1]?.tell('open')
    expect([live.on(), sources.length, seen.opened]).toEqual([true, 2, 2])
  })
  it('stops for good', () => {
    const { live, sources, timers } = aStream()
    live.stop()
    const only = sources[0] as Source
    only.readyState = 2
    only.tell('error')
    expect([only.closed, timers.length]).toEqual([true, 0])
  })
})
