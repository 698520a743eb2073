/** The review desk of one stage: the queue, the day's progress, and deciding. */
import { computed, onBeforeUnmount, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { api, ask, releaseOnLeave } from '@/api/client'
import type { Candidate, DecisionIn, QueueSummary, Shown, Verdict } from '@/api/types'
import { entries, outbox, written } from '@/stores/outbox'
import { ReviewQueue, type Filters, type QueueState } from './queue'

const LOOK_AGAIN_MS = 20_000

export interface Desk {
  state: QueueState
  candidate: ComputedRef<Candidate | null>
  summary: ShallowRef<QueueSummary | null>
  leaseOver: Ref<boolean>
  decide(verdict: Verdict, reason: string | null, note: string, shown: Shown[]): void
  putAside(): void
  again(): void
}

/** Starts loading pictures so that they are there when the candidate is. */
function preload(candidate: Candidate): void {
  for (const p of candidate.pictures) new Image().src = p.url
}

export function useReview(filters: Readonly<Ref<Filters>>): Desk {
  const queue = new ReviewQueue({
    take: (body) => ask(api.POST('/api/queue/next', { body })),
    release: (id) => ask(api.POST('/api/candidates/{id}/release', { params: { path: { id } } })).then(() => undefined),
    preload,
    pending: () => outbox()?.pending() ?? [],
    now: () => Date.now(),
  })
  const summary = shallowRef<QueueSummary | null>(null)
  const leaseOver = ref(false)
  const candidate = computed(() => queue.state.current?.candidate ?? null)
  let since = performance.now()
  let asking = 0

  async function refresh(): Promise<void> {
    const mine = ++asking
    const { stage, squad, street, type } = filters.value
    const query = { stage, squad: squad ?? undefined, street: street ?? undefined, type: type ?? undefined }
    const got = await ask(api.GET('/api/queue', { params: { query } })).catch(() => null)
    if (got && mine === asking) summary.value = got
  }

  function decide(verdict: Verdict, reason: string | null, note: string, shown: Shown[]): void {
    const c = candidate.value
    if (!c) return
    const seconds = Math.min(86_400, Math.round((performance.now() - since) / 100) / 10)
    const body: DecisionIn = { stage: filters.value.stage, verdict, reason, note: note.trim(), seconds, shown, key: crypto.randomUUID() }
    outbox()?.add({ candidate: c.id, number: c.number, body, at: Date.now() })
    if (summary.value) summary.value = { ...summary.value, waiting: Math.max(0, summary.value.waiting - 1), mine_today: summary.value.mine_today + 1 }
    void queue.advance()
  }

  watch(filters, (to) => {
    void queue.open(to)
    void refresh()
  }, { immediate: true })
  watch(candidate, () => {
    since = performance.now()
    leaseOver.value = false
  })
  watch(written, () => {
    if (!entries.value.some((e) => e.state === 'waiting')) void refresh()
  })
  const timer = setInterval(() => {
    const until = queue.state.current?.leaseUntil
    leaseOver.value = until !== undefined && until < Date.now()
  }, 5_000)
  const looker = setInterval(() => {
    if (document.hidden) return
    void refresh()
    if (queue.state.status === 'empty' || queue.state.status === 'error') void queue.again()
  }, LOOK_AGAIN_MS)

  const leaving = (): void => queue.heldIds().forEach(releaseOnLeave)
  addEventListener('pagehide', leaving)
  onBeforeUnmount(() => {
    clearInterval(timer)
    clearInterval(looker)
    removeEventListener('pagehide', leaving)
    void queue.close()
  })

  return { state: queue.state, candidate, summary, leaseOver, decide, putAside: () => void queue.putAside(), again: () => void queue.again() }
}
