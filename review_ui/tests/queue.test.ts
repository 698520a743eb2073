import { describe, expect, it } from 'vitest'
import type { TakeNext, Taken } from '@/api/types'
import { ApiProblem } from '@/api/problem'
import { ReviewQueue, type Filters } from '@/queue/queue'
import { aCandidate, settle, taken } from './make'

const FILTERS: Filters = { stage: 'first', squad: null, street: null, type: null, device: null, algorithm: null }

/** A server that hands out 1, 2, 3 … `last`, never what is skipped. */
function aQueue(last: number, options: { pending?: number[]; until?: (id: number) => string | null } = {}) {
  const wishes: TakeNext[] = []
  const released: number[] = []
  const loaded: number[] = []
  const renewed: number[] = []
  const server = { lost: [] as number[], fail: null as ApiProblem | null, gate: null as Promise<void> | null, now: 0 }
  const queue = new ReviewQueue({
    take: async (wish): Promise<Taken> => {
      wishes.push(wish)
      if (server.gate) await server.gate
      if (server.fail) throw server.fail
      for (let id = 1; id <= last; id++) if (!wish.skip?.includes(id)) return taken(id, last, options.until?.(id) ?? null)
      return taken(null, 0)
    },
    release: async (id) => void released.push(id),
    renew: async (id) => {
      renewed.push(id)
      if (server.fail) throw server.fail
      if (server.lost.includes(id)) throw new ApiProblem(409, 'not_held', '', '')
      return server.now + 300_000
    },
    preload: (c) => void loaded.push(c.id),
    pending: () => options.pending ?? [],
    now: () => server.now,
  })
  const ahead = () => queue.state.ahead.map((h) => h.candidate.id)
  const desk = () => queue.state.current?.candidate.id
  return { queue, wishes, released, loaded, renewed, server, ahead, desk }
}

describe('review queue', () => {
  it('holds one on the desk and three ahead with their pictures loading', async () => {
    const { queue, wishes, loaded, ahead, desk } = aQueue(9)
    await queue.open(FILTERS)
    await settle()
    expect(desk()).toBe(1)
    expect(ahead()).toEqual([2, 3, 4])
    expect(loaded).toEqual([1, 2, 3, 4])
    expect(wishes.map((w) => w.skip)).toEqual([[], [1], [1, 2], [1, 2, 3]])
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
    const { queue, wishes, ahead } = aQueue(5, { pending })
    await queue.open(FILTERS)
    await settle()
    pending.push(1)
    await queue.advance()
    await settle()
    expect(wishes.at(-1)?.skip).toEqual([2, 3, 4, 1])
    expect(ahead()).toEqual([3, 4, 5])
  })

  it('uses what is being fetched instead of asking twice', async () => {
    const pending: number[] = []
    const { queue, wishes, server, desk } = aQueue(5, { pending })
    await queue.open(FILTERS)
    await settle()
    let open: () => void = () => undefined
    server.gate = new Promise((ok) => (open = ok))
    for (const id of [1, 2, 3]) {
      pending.push(id)
      void queue.advance()
    }
    expect(desk()).toBe(4) // 5 is being fetched
    pending.push(4)
    const last = queue.advance()
    expect(queue.state.status).toBe('loading')
    open()
    await last
    expect(desk()).toBe(5)
    expect(wishes.filter((w) => !w.skip?.includes(5))).toHaveLength(5)
  })

  it('goes on with what is held while the connection is away', async () => {
    const pending: number[] = []
    const { queue, server, desk } = aQueue(9, { pending })
    await queue.open(FILTERS)
    await settle()
    server.fail = new ApiProblem(0, 'network', '', '')
    for (const id of [1, 2, 3]) {
      pending.push(id)
      await queue.advance()
      expect(desk()).toBe(id + 1)
    }
    pending.push(4)
    await queue.advance()
    expect(queue.state.status).toBe('error')
    server.fail = null
    await queue.again()
    expect(desk()).toBe(5)
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
    expect(released).toEqual([2, 3])
    expect(queue.state.status).toBe('ready')
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

  it('gives all leases back when it is left or the filters change', async () => {
    const { queue, released } = aQueue(5)
    await queue.open(FILTERS)
    await settle()
    await queue.open({ ...FILTERS, type: 'stall' })
    expect(released).toEqual([1, 2, 3, 4])
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

  it('puts a decision taken back on the desk; what lay there comes next', async () => {
    const pending: number[] = []
    const { queue, desk, ahead, released } = aQueue(9, { pending })
    await queue.open(FILTERS)
    await settle()
    pending.push(1)
    await queue.advance()
    await settle()
    queue.putBack({ candidate: aCandidate(1), leaseUntil: Infinity })
    expect(desk()).toBe(1)
    expect(ahead()).toEqual([2, 3, 4, 5])
    expect(released).toEqual([])
    await queue.advance()
    expect(desk()).toBe(2)
  })

  it('holds no more than it may, however many are taken back', async () => {
    const { queue, ahead, released } = aQueue(9)
    await queue.open(FILTERS)
    await settle()
    for (const id of [21, 22, 23]) queue.putBack({ candidate: aCandidate(id), leaseUntil: Infinity })
    expect(ahead()).toEqual([22, 21, 1, 2])
    expect(released).toEqual([3, 4].reverse())
  })

  it('renews every lease, and tells which ones somebody else has now', async () => {
    const { queue, renewed, server } = aQueue(9, { until: () => '1970-01-01T00:05:00Z' })
    await queue.open(FILTERS)
    await settle()
    server.now = 200_000
    server.lost = [3]
    expect(await queue.renew()).toEqual([3])
    expect(renewed).toEqual([1, 2, 3, 4])
    expect(queue.state.current?.leaseUntil).toBe(500_000)
  })

  it('a lost connection loses no lease', async () => {
    const { queue, server, ahead } = aQueue(9)
    await queue.open(FILTERS)
    await settle()
    server.fail = new ApiProblem(0, 'network', '', '')
    expect(await queue.renew()).toEqual([])
    expect(ahead()).toEqual([2, 3, 4])
  })

  it('what is withdrawn from the desk makes room for the next; from ahead it just goes', async () => {
    const pending: number[] = []
    const { queue, desk, ahead } = aQueue(9, { pending })
    await queue.open(FILTERS)
    await settle()
    pending.push(3) // the server would not give it again
    expect(await queue.lost(3)).toBe(false)
    await settle()
    expect([desk(), ahead()]).toEqual([1, [2, 4, 5]])
    pending.push(1)
    expect(await queue.lost(1)).toBe(true)
    expect(desk()).toBe(2)
  })

  it('shows a candidate read afresh in its place', async () => {
    const { queue } = aQueue(9)
    await queue.open(FILTERS)
    await settle()
    queue.replace({ ...aCandidate(1), number: 'new' })
    queue.replace({ ...aCandidate(3), number: 'newer' })
    expect([queue.state.current, ...queue.state.ahead].map((h) => h?.candidate.number)).toEqual(['new', 'YS2', 'newer', 'YS4'])
  })
})
