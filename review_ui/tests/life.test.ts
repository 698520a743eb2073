import { describe, expect, it } from 'vitest'
import type { Candidate } from '@/api/types'
import { offered, readyFor, told } from '@/lib/life'
import { aCandidate } from './make'

const stay = (id: number, candidate: number): Candidate['sightings'][number] => ({
  id, candidate, device: 'C-1', first_at: '2026-10-31T06:05:12Z', last_at: '2026-10-31T06:12:32Z', observed_s: 400, inferred_s: 40, looks: 88,
})
const open = (...stays: [id: number, candidate: number][]): Candidate => ({ ...aCandidate(1), acts: ['merge', 'split'], sightings: stays.map(([id, of]) => stay(id, of)) })

describe('acts on a candidate', () => {
  it('offers what its state allows, and no split of a single stay of its own', () => {
    expect(offered(open([1, 1], [2, 1]))).toEqual(['merge', 'split'])
    expect(offered(open([1, 1], [2, 7]))).toEqual(['merge'])
    expect(offered({ ...aCandidate(1), acts: ['unmerge'] })).toEqual(['unmerge'])
  })
  it('tells a split once on either side, and a merge on both', () => {
    const event = (act: string, candidate: number, other: number) => ({ act, candidate, other, at: '2026-10-31T06:12:32Z', by: '李', reason: '' })
    const events = [event('merge', 3, 1), event('split', 1, 2), event('split_off', 2, 1)]
    expect(told({ ...aCandidate(1), events }).map((e) => e.act)).toEqual(['merge', 'split'])
    expect(told({ ...aCandidate(2), events: events.slice(1) }).map((e) => e.act)).toEqual(['split_off'])
  })
  it('needs a reason, another one to merge into, and some but not all stays to split', () => {
    const c = open([1, 1], [2, 1])
    const given = { into: null, sightings: [], reason: 'x' }
    expect(readyFor('merge', c, given)).toBe(false)
    expect(readyFor('merge', c, { ...given, into: 2 })).toBe(true)
    expect(readyFor('merge', c, { ...given, into: 2, reason: '  ' })).toBe(false)
    expect([[], [1], [1, 2]].map((sightings) => readyFor('split', c, { ...given, sightings }))).toEqual([false, true, false])
    expect(readyFor('unmerge', c, given)).toBe(true)
  })
})
