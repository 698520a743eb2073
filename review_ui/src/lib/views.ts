/** What was said of a candidate in its first review, for the senior who settles it. */
import type { Candidate, Decision, Picture } from '@/api/types'
import { keyPictures } from '@/queue/shown'

export interface Looked {
  role: 'first' | 'latest'
  ms: number
}

/** The first-stage decisions that count, since it was last returned; oldest first. */
export function views(decisions: readonly Decision[]): Decision[] {
  const undone = new Set(decisions.map((d) => d.undoes))
  const counted = decisions.filter((d) => d.undoes === null && !undone.has(d.id))
  const back = counted.findLastIndex((d) => d.verdict === 'return')
  return counted.slice(back + 1).filter((d) => d.stage === 'first')
}

export const differ = (said: readonly Decision[]): boolean => new Set(said.map((d) => d.verdict)).size > 1

/** How long the first and the latest picture were on screen, and how many others were. */
export function looked(decision: Pick<Decision, 'shown'>, pictures: Candidate['pictures']): { keys: Looked[]; others: number } {
  const ends = keyPictures(pictures) as Picture[]
  const keys = ends.flatMap((p, i) => {
    const ms = decision.shown.find((s) => s.picture === p.id)?.ms ?? 0
    return ms > 0 ? [{ role: i === 0 ? 'first' : 'latest', ms } as Looked] : []
  })
  const others = decision.shown.filter((s) => s.ms > 0 && !ends.some((p) => p.id === s.picture)).length
  return { keys, others }
}
