/** A person's own last decisions at a stage, the newest first: on their way, written, and whether they can be taken back. */
import { computed, onBeforeUnmount, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import { api, ask } from '@/api/client'
import type { Candidate, RecentDecision, Stage, Verdict } from '@/api/types'
import { entries, written } from '@/stores/outbox'

export interface RecentRow {
  /** Of the outbox entry, while it is on its way. */
  key: string | null
  decision: number | null
  candidate: number
  number: string
  type: string | null
  picture: string | null
  verdict: Verdict
  reason: string | null
  at: number
  undoable: boolean
  because: string | null
  batch: string | null
  /** How many were made together. */
  count: number
}

const MOST = 20
const REST_MS = 2_000

export function useRecent(stage: Readonly<Ref<Stage>>, known: (id: number) => Candidate | undefined): { rows: ComputedRef<RecentRow[]>; refresh(): Promise<void> } {
  const listed = shallowRef<readonly RecentDecision[]>([])
  let asking = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function refresh(): Promise<void> {
    clearTimeout(timer)
    const mine = ++asking
    if (stage.value === 'legal') return
    const got = await ask(api.GET('/api/queue/recent', { params: { query: { stage: stage.value } } })).catch(() => null)
    if (got && mine === asking) listed.value = got
  }
  watch(stage, () => {
    listed.value = []
    void refresh()
  }, { immediate: true })
  watch(written, () => {
    clearTimeout(timer)
    timer = setTimeout(() => void refresh(), REST_MS)
  })
  onBeforeUnmount(() => clearTimeout(timer))

  const here = (id: number) => {
    const c = known(id)
    return { type: c?.type ?? null, picture: c?.picture ?? null }
  }
  const rows = computed<RecentRow[]>(() => {
    const going = entries.value.filter((e) => e.state === 'waiting' && !e.undo && e.body.stage === stage.value).map((e): RecentRow => ({
      key: e.body.key, decision: null, candidate: e.candidate, number: e.number, ...here(e.candidate), verdict: e.body.verdict, reason: e.body.reason ?? null, at: e.at, undoable: true, because: null, batch: null, count: 1,
    }))
    const inList = new Set(listed.value.map((r) => r.id))
    const fresh = written.value.filter((w) => w.entry.body.stage === stage.value && !inList.has(w.decided.decision.id)).map(({ entry: e, decided: d }): RecentRow => ({
      key: null, decision: d.decision.id, candidate: e.candidate, number: e.number, ...here(e.candidate), verdict: d.decision.verdict as Verdict, reason: d.decision.reason, at: Date.parse(d.decision.decided_at), undoable: true, because: null, batch: null, count: 1,
    }))
    const told = listed.value.map((r): RecentRow => ({
      key: null, decision: r.id, candidate: r.candidate.id, number: r.candidate.number, type: r.candidate.type, picture: r.candidate.picture, verdict: r.verdict as Verdict, reason: r.reason, at: Date.parse(r.decided_at), undoable: r.undoable, because: r.because, batch: r.batch, count: r.count,
    }))
    return [...going.reverse(), ...fresh, ...told].slice(0, MOST)
  })
  return { rows, refresh }
}
