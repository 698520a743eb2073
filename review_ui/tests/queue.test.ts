import { describe, expect, it } from 'vitest'
import type { TakeNext, Taken } from '@/api/types'
import { ApiProblem } from '@/api/problem'
import { ReviewQueue, type Filters } from '@/queue/queue'
import { settle, taken } from './make'

const FILTERS: Filters = { stage: 'first', squad: null, street: null, type: null }

/** A server that hands out 1, 2, 3 … `last`, never what is skipped. */
function aQueue(last: number, options: { pending?: number[]; until?: (id: number) => string | null } = {}) {
  const wishes: TakeNext[] = []
  const released: number[] = []
  const loaded: number[] = []
  const server = { fail: null as ApiProblem | null, gate: null as Promise<void> | null, now: 0 }
  const queue = new ReviewQueue({
    take: async (wish): Promise<Taken> => {
      wishes.push(wish)
      if (server.gate) await server.gate
      if (server.fail) throw server.fail
      for (let id = 1; id <= last; id++) if (!wish.skip?.includes(id)) return taken(id, last, options.until?.(id) ?? null)
      return taken(null, 0)
    },
    release: async (id) => void released.push(id),
    preload: (c) => void loaded.push(c.id),
    pending: () => options.pending ?? [],
    now: () => server.now,
  })
  return { queue, wishes, released, loaded, server }
}

describe('review queue', () => {
  it('holds two: one on the desk, the next with its pictures loading', async () => {
    const { queue, wishes, loaded } = aQueue(5)
    await queue.open(FILTERS)
    await settle()
    expect(queue.state.current?.candidate.id).toBe(1)
    expect(queue.state.next?.candidate.id).toBe(2)
    expect(loaded).toEqual([1, 2])
    expect(wishes[1]?.skip).toEqual([1])
  })

  it('puts the next on the desk at once, without waiting for the server', async () => {
    const pending: number[] = []
    const { queue, server } = aQueue(5, { pending })
    await queue.open(FILTERS)
    await settle()
    pending.push(1)
    server.gate = new Promise(() => undefined)
    void queue.advance()
    expect(queue.state.current?.candidate.id).toBe(2)
    expect(queue.state.status).toBe('ready')
  })

  it('never asks again for what was just decided and not yet acknowledged', async () => {
    const pending: number[] = []
    const { queue, wishes } = aQueue(5, { pending })
    await queue.open(FILTERS)
    await settle()
    pending.push(1)
    await queue.advance()
    await settle()
    expect(wishes.at(-1)?.skip).toEqual([2, 1])
    expect(queue.state.next?.candidate.id).toBe(3)
  })

  it('uses a prefetch that is still under way instead of asking twice', async () => {
    const pending: number[] = []
    const { queue, wishes, server } = aQueue(5, { pending })
    await queue.open(FILTERS)
    let open: () => void = () => undefined
    await settle()
    server.gate = new Promise((ok) => (open = ok))
    pending.push(1)
    void queue.advance() // 2 on the desk, 3 being fetched
    pending.push(2)
    const second = queue.advance()
    expect(queue.state.status).toBe('loading')
    open()
    await second
    expect(queue.state.current?.candidate.id).toBe(3)
    expect(wishes.filter((w) => !w.skip?.includes(3))).toHaveLength(3)
  })

  it('says so when nothing is left, and looks again', async () => {
    const pending: number[] = []
    const { queue } = aQueue(1, { pending })
    await queue.open(FILTERS)
    await settle()
    pending.push(1)
    await queue.advance()
    expect(queue.state.status).toBe('empty')
    pending.length = 0
    await queue.again()
    expect(queue.state.current?.candidate.id).toBe(1)
  })

  it('puts aside: gives the lease back and skips it from then on', async () => {
    const { queue, released, wishes } = aQueue(5)
    await queue.open(FILTERS)
    await settle()
    await queue.putAside()
    await settle()
    expect(released).toEqual([1])
    expect(queue.state.current?.candidate.id).toBe(2)
    expect(wishes.at(-1)?.skip).toContain(1)
  })

  it('does not use a lease that has run out', async () => {
    const pending: number[] = []
    const { queue, server, released } = aQueue(3, { pending, until: () => '1970-01-01T00:05:00Z' })
    await queue.open(FILTERS)
    await settle()
    server.now = 400_000
    pending.push(1)
    await queue.advance()
    expect(released).toEqual([2])
    expect(queue.state.current?.candidate.id).toBe(2) // leased afresh
  })

  it('shows a lost connection and recovers', async () => {
    const { queue, server } = aQueue(3)
    server.fail = new ApiProblem(0, 'network', '', '')
    await queue.open(FILTERS)
    expect(queue.state.status).toBe('error')
    server.fail = null
    await queue.again()
    expect(queue.state.current?.candidate.id).toBe(1)
    expect(queue.state.problem).toBeNull()
  })

  it('gives both leases back when it is left or the filters change', async () => {
    const { queue, released } = aQueue(5)
    await queue.open(FILTERS)
    await settle()
    await queue.open({ ...FILTERS, type: 'stall' })
    expect(released).toEqual([1, 2])
  })

  it('gives back what arrives after the page was left', async () => {
    const { queue, released, server } = aQueue(5)
    let open: () => void = () => undefined
    server.gate = new Promise((ok) => (open = ok))
    const opening = queue.open(FILTERS)
    await settle()
    await queue.close()
    open()
    await opening
    await settle()
    expect(released).toEqual([1])
    expect(queue.state.current).toBeNull()
  })
})
