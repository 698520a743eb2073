/** Builders of what the tests need. */
import type { Candidate, Decided, Picture, Taken } from '@/api/types'
import type { Entry, Shelf } from '@/queue/outbox'

export const aPicture = (id: number, role = 'middle', at = '2026-10-31T06:05:12Z'): Picture => ({
  id, role, captured_at: at, time_source: 'device', device: 'C-1', width: 1280, height: 720, url: `/api/evidence/${id}`, sha256: '', boxes: [], zones: [],
})

export const aCandidate = (id: number): Candidate => ({
  id, number: `YS${id}`, type: 'stall', state: 'open', proof: 'evidence', squad: null, street: null, shop: null,
  device: { code: 'C-1', name: '一', name_en: 'One', kind: 'fixed' }, first_at: '2026-10-31T06:05:12Z', last_at: '2026-10-31T06:12:32Z',
  observed_s: 400, inferred_s: 40, confidence: 0.8, standing: true, latitude: null, longitude: null, picture: null, reason: null, case_id: null, case_number: null,
  pictures: [aPicture(id * 10, 'first'), aPicture(id * 10 + 1, 'latest', '2026-10-31T06:12:32Z')], clip: null, checks: [], sightings: [], decisions: [], seals: [],
  history: { candidates: 0, confirmed: 0, cases: 0 }, place_error_m: null, rule: 'stall', rule_version: 1, model_id: 'm',
  warning: false, rule_set: 1, merged_into: null, merged: [], events: [], acts: [], algorithm: null, group_id: null, group_waiting: 0, repeats: 0,
})

export const taken = (id: number | null, waiting = 10, until: string | null = null): Taken => ({ candidate: id === null ? null : aCandidate(id), lease_until: until, waiting })

export const anEntry = (key: string, candidate = 1, at = 0): Omit<Entry, 'tries' | 'state' | 'problem'> => ({
  candidate, number: `YS${candidate}`, at,
  body: { stage: 'first', verdict: 'keep', reason: null, note: '', seconds: 3, shown: [], key },
})

export const decided = (): Decided => ({
  decision: { id: 1, stage: 'first', verdict: 'keep', reason: null, note: '', by: '李', decided_at: '2026-10-31T06:12:32Z', seconds: 3, shown: [], boxes: null, undoes: null, from_type: null, to_type: null },
  state: 'kept', case_id: null, case_number: null,
})

export class MemoryShelf implements Shelf {
  readonly kept = new Map<string, Entry>()
  all = (): Entry[] => [...this.kept.values()]
  put = (entry: Entry): void => void this.kept.set(entry.body.key, entry)
  drop = (key: string): void => void this.kept.delete(key)
}

export const settle = async (): Promise<void> => {
  for (let i = 0; i < 12; i++) await Promise.resolve()
}
