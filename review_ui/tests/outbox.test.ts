import { describe, expect, it, vi } from 'vitest'
import { ApiProblem } from '@/api/problem'
import { LONGEST_WAIT_MS, Outbox, storageShelf, waitBefore, type Entry } from '@/queue/outbox'
import { anEntry, decided, MemoryShelf, settle } from './make'

const lost = () => new ApiProblem(0, 'network', '', '')
const refused = () => new ApiProblem(409, 'already_decided', '', '已由他人处理')

function anOutbox(send: (e: Entry) => Promise<ReturnType<typeof decided>>, shelf = new MemoryShelf(), undo: (id: number, key: string) => Promise<unknown> = () => Promise.resolve()) {
  const stood: string[] = []
  const timers: { act: () => void; ms: number }[] = []
  const done: string[] = []
  const box = new Outbox({
    shelf, send, undo,
    later: (act, ms) => {
      const timer = { act, ms }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer), 1)
    },
    changed: () => undefined,
    done: (e) => void done.push(e.body.key),
    stands: (e, _decided, why) => void stood.push(`${e.body.key} ${why}`),
  })
  return { box, shelf, timers, done, stood, fire: async () => { timers.shift()?.act(); await settle() } }
}

describe('outbox', () => {
  it('keeps a decision until it is acknowledged', async () => {
    let answer: (d: ReturnType<typeof decided>) => void = () => undefined
    const { box, shelf, done } = anOutbox(() => new Promise((ok) => (answer = ok)))
    box.add(anEntry('k1'))
    await settle()
    expect(shelf.kept.has('k1')).toBe(true)
    expect(box.pending()).toEqual([1])
    answer(decided())
    await settle()
    expect(shelf.kept.size).toBe(0)
    expect(done).toEqual(['k1'])
  })

  it('sends again with the same key after the connection was lost, waiting longer each time', async () => {
    const keys: string[] = []
    let fail = 3
    const { box, timers, fire, done } = anOutbox((e) => {
      keys.push(e.body.key)
      return fail-- > 0 ? Promise.reject(lost()) : Promise.resolve(decided())
    })
    box.add(anEntry('k1'))
    await settle()
    const waits: number[] = []
    while (timers[0]) {
      waits.push(timers[0].ms)
      await fire()
    }
    expect(keys).toEqual(['k1', 'k1', 'k1', 'k1'])
    expect(waits).toEqual([1000, 2000, 4000])
    expect(done).toEqual(['k1'])
  })

  it('keeps the order: nothing overtakes a decision that waits', async () => {
    let online = false
    const keys: string[] = []
    const { box, fire } = anOutbox((e) => {
      if (!online) return Promise.reject(lost())
      keys.push(e.body.key)
      return Promise.resolve(decided())
    })
    box.add(anEntry('k1', 1))
    box.add(anEntry('k2', 2))
    await settle()
    online = true
    await fire()
    expect(keys).toEqual(['k1', 'k2'])
  })

  it('shows a refused decision, keeps it, and goes on with the others', async () => {
    const { box, shelf, done, timers } = anOutbox((e) => (e.body.key === 'k1' ? Promise.reject(refused()) : Promise.resolve(decided())))
    box.add(anEntry('k1', 1))
    box.add(anEntry('k2', 2))
    await settle()
    expect(done).toEqual(['k2'])
    expect(timers).toHaveLength(0)
    expect(shelf.kept.get('k1')).toMatchObject({ state: 'failed', problem: '已由他人处理' })
    box.dismiss('k1')
    expect(shelf.kept.size).toBe(0)
  })

  it('sends what an earlier page left behind', async () => {
    const shelf = new MemoryShelf()
    shelf.put({ ...anEntry('old'), tries: 4, state: 'waiting', problem: '' })
    const { box, done } = anOutbox(() => Promise.resolve(decided()), shelf)
    box.resume()
    await settle()
    expect(done).toEqual(['old'])
  })

  it('waits for sign-in: 401 is not a refusal', async () => {
    const { box, shelf, timers } = anOutbox(() => Promise.reject(new ApiProblem(401, 'not_signed_in', '', '')))
    box.add(anEntry('k1'))
    await settle()
    expect(shelf.kept.get('k1')?.state).toBe('waiting')
    expect(timers).toHaveLength(1)
    box.stop()
    expect(timers).toHaveLength(0)
  })

  it('does not wait for ever', () => {
    expect(waitBefore(1)).toBe(1000)
    expect(waitBefore(50)).toBe(LONGEST_WAIT_MS)
  })

  it('shelves per account, one slot an entry, and skips what it cannot read', () => {
    const data = new Map<string, string>([['jiexun.outbox.7.bad', '{'], ['jiexun.outbox.8.other', '{}']])
    const storage = {
      get length() { return data.size },
      key: (i: number) => [...data.keys()][i] ?? null,
      getItem: (k: string) => data.get(k) ?? null,
      setItem: (k: string, v: string) => void data.set(k, v),
      removeItem: (k: string) => void data.delete(k),
    }
    const shelf = storageShelf(storage, 7)
    const entry: Entry = { ...anEntry('k1'), tries: 0, state: 'waiting', problem: '' }
    shelf.put(entry)
    expect(shelf.all()).toEqual([entry])
    shelf.drop('k1')
    expect(shelf.all()).toEqual([])
    expect(data.has('jiexun.outbox.7.bad')).toBe(true)
    vi.restoreAllMocks()
  })

  describe('taking back', () => {
    const never = () => new Promise<ReturnType<typeof decided>>(() => undefined)

    it('drops what was never sent', async () => {
      const sent: string[] = []
      const { box, shelf } = anOutbox((e) => {
        sent.push(e.body.key)
        return never()
      })
      box.add(anEntry('k1', 1)) // on its way
      box.add(anEntry('k2', 2))
      expect(box.latest()?.body.key).toBe('k2')
      expect(box.takeBack('k2', 'u2')).toBe(true)
      expect(shelf.kept.has('k2')).toBe(false)
      expect(sent).toEqual(['k1'])
      expect(box.latest()?.body.key).toBe('k1')
    })

    it('sends for certain, then undoes, what may have arrived; a new decision waits its turn', async () => {
      const order: string[] = []
      let online = false
      const { box, shelf, done, fire } = anOutbox((e) => {
        if (!online) return Promise.reject(lost())
        order.push(`decide ${e.body.key}`)
        return Promise.resolve(decided())
      }, undefined, (id, key) => {
        order.push(`undo ${id} ${key}`)
        return Promise.resolve()
      })
      box.add(anEntry('k1', 1))
      await settle() // tried once: the answer was lost, perhaps not the decision
      expect(box.takeBack('k1', 'u1')).toBe(true)
      expect(box.latest()).toBeUndefined()
      box.add(anEntry('k2', 1))
      online = true
      await fire()
      expect(order).toEqual(['decide k1', 'undo 1 u1', 'decide k2'])
      expect(done).toEqual(['k2'])
      expect(shelf.kept.size).toBe(0)
    })

    it('undoes what was taken back while it was on its way', async () => {
      let answer: (d: ReturnType<typeof decided>) => void = () => undefined
      const undone: string[] = []
      const { box, done } = anOutbox(() => new Promise((ok) => (answer = ok)), undefined, (_id, key) => Promise.resolve(undone.push(key)))
      box.add(anEntry('k1'))
      await settle()
      box.takeBack('k1', 'u1')
      answer(decided())
      await settle()
      expect(undone).toEqual(['u1'])
      expect(done).toEqual([])
      expect(box.list()).toEqual([])
    })

    it('tries the whole again with the same keys when the connection is lost between the two', async () => {
      const keys: string[] = []
      let undoFails = 1
      const { box, fire } = anOutbox((e) => {
        keys.push(e.body.key)
        if (keys.length === 1) return Promise.reject(lost())
        return Promise.resolve(decided())
      }, undefined, (_id, key) => {
        keys.push(key)
        return undoFails-- > 0 ? Promise.reject(lost()) : Promise.resolve()
      })
      box.add(anEntry('k1'))
      await settle()
      box.takeBack('k1', 'u1')
      await fire()
      await fire()
      expect(keys).toEqual(['k1', 'k1', 'u1', 'k1', 'u1'])
      expect(box.list()).toEqual([])
    })

    it('says when it was written for good', async () => {
      let answer: (d: ReturnType<typeof decided>) => void = () => undefined
      const { box, stood } = anOutbox(() => new Promise((ok) => (answer = ok)), undefined, () => Promise.reject(new ApiProblem(409, 'taken_on', '', '法制已领取')))
      box.add(anEntry('k1'))
      await settle()
      box.takeBack('k1', 'u1')
      answer(decided())
      await settle()
      expect(stood).toEqual(['k1 法制已领取'])
      expect(box.list()).toEqual([])
    })

    it('knows nothing of what is in the record already', () => {
      const { box } = anOutbox(never)
      expect(box.takeBack('k9', 'u9')).toBe(false)
    })
  })
})
