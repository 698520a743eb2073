/** What may be done to a candidate besides deciding on it: pure, so that dialogs only show it. */
import type { Candidate } from '@/api/types'

export const LIFE_ACTS = ['merge', 'split', 'unmerge', 'restore'] as const
export type LifeAct = (typeof LIFE_ACTS)[number]

/** Its own stays: those of what was merged into it go with that one. */
export const ownStays = (c: Candidate): Candidate['sightings'] => c.sightings.filter((s) => s.candidate === c.id)

/** What its state allows; of a single stay nothing can be split off. */
export const offered = (c: Candidate): LifeAct[] => LIFE_ACTS.filter((a) => c.acts.includes(a) && (a !== 'split' || ownStays(c).length > 1))

/** What happened to it, once each: a split writes one event for either side. */
export const told = (c: Candidate): Candidate['events'] => c.events.filter((e) => e.candidate === c.id || !e.act.startsWith('split'))

/** Whether the dialog holds all that the act needs. */
export function readyFor(act: LifeAct, c: Candidate, given: { into: number | null; sightings: readonly number[]; reason: string }): boolean {
  if (!given.reason.trim()) return false
  if (act === 'merge') return given.into !== null
  return act !== 'split' || (given.sightings.length > 0 && given.sightings.length < ownStays(c).length)
}
