/** The newest candidates of a street (of a device where the street is not known), for the map: kept for some minutes. */
import { api, ask } from '@/api/client'
import type { Candidate, CandidateBrief } from '@/api/types'
import { near } from '@/lib/near'

const METRES = 40
const NEWEST = 100
const KEPT_MS = 300_000
const kept = new Map<string, { until: number; rows: Promise<CandidateBrief[]> }>()

/** Those near a candidate's place; none where they cannot be read. */
export async function nearby(candidate: Candidate): Promise<CandidateBrief[]> {
  const where = candidate.street ? { street: candidate.street.code } : { device: candidate.device.code }
  const name = JSON.stringify(where)
  let found = kept.get(name)
  if (!found || found.until < Date.now()) {
    const rows = ask(api.GET('/api/candidates', { params: { query: { ...where, size: NEWEST } } })).then((page) => page.items)
    found = { until: Date.now() + KEPT_MS, rows }
    kept.set(name, found)
  }
  return near(await found.rows.catch(() => (kept.delete(name), [])), candidate, METRES)
}
